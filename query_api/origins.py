"""Which pages may talk to this installation. Pure.

A browser says where a page comes from (`Origin`); what says nothing is no page in somebody's browser.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from infra.loopback import LOOPBACK


def known(host: str | None, origin: str | None, origins: Collection[str] = ()) -> bool:
    """Whether a page of `origin` may talk to `host`: its own host's (on any port), or one of `origins`."""
    if origin is None or origin in origins or "*" in origins:
        return True
    return hostname(origin) == hostname(f"//{host}") is not None


def is_local(host: str | None) -> bool:
    """Whether a Host header names this very machine: a page elsewhere may have its own name point here."""
    return hostname(f"//{host}") == "localhost"


def private(host: str | None, origins: Collection[str] = ()) -> bool:
    """Whether a private installation may be reached by that name: this machine's, or that of one of `origins`."""
    return is_local(host) or not {"*", f"http://{host}", f"https://{host}"}.isdisjoint(origins)


def hostname(url: str) -> str | None:
    """The name in an address; one for all names of this machine."""
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return "localhost" if name in LOOPBACK else name
