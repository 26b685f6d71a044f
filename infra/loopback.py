"""Addresses that nothing beyond this machine can reach."""

from __future__ import annotations

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def stays_here(addresses: str) -> bool:
    """Whether all of `host:port,…` are on this machine."""
    hosts = (address.strip().rpartition(":")[0].strip("[]") for address in addresses.split(","))
    return all(host in LOOPBACK for host in hosts)
