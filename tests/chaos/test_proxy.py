"""The proxy does what it says, so that what the system does behind it means something."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Network, Proxy


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that says back what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def talk(client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(65_536):
                    client.sendall(data)
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def proxy(echo: str) -> Iterator[Proxy]:
    with Network() as network:
        yield network.proxy(echo)


def dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 5)


def ask(client: socket.socket, data: bytes = b"hello") -> float:
    """Seconds until all of it has come back."""
    began = time.monotonic()
    client.sendall(data)
    left = len(data)
    while left:
        part = client.recv(65_536)
        assert part, "closed"
        left -= len(part)
    return time.monotonic() - began


def test_it_passes_bytes_on(proxy: Proxy) -> None:
    with dial(proxy) as client:
        assert ask(client, b"x" * 300_000) < 5
        assert proxy.connections == 1


def test_latency_delays_each_way_and_does_not_narrow(proxy: Proxy) -> None:
    proxy.latency_s = 0.1
    with dial(proxy) as client:
        assert 0.2 <= ask(client) < 1
        # Many pieces take hardly longer than one
        assert 0.2 <= ask(client, b"x" * 500_000) < 2


def test_a_narrow_line_takes_its_time(proxy: Proxy) -> None:
    proxy.bytes_s = 100_000
    with dial(proxy) as client:
        assert ask(client, b"x" * 20_000) >= 0.2


def test_a_cut_resets_what_is_there_and_what_comes_until_it_is_healed(proxy: Proxy) -> None:
    with dial(proxy) as client:
        ask(client)
        proxy.cut()
        with pytest.raises(ConnectionError):
            ask(client)
    with pytest.raises((ConnectionError, AssertionError)), dial(proxy) as refused:
        ask(refused)
    proxy.heal()
    with dial(proxy) as client:
        ask(client)


def test_a_half_open_connection_says_nothing_and_never_comes_back(proxy: Proxy) -> None:
    with dial(proxy) as client:
        ask(client)
        # When the line goes silent, old and new connections stay open, and hear nothing
        proxy.silence()
        with dial(proxy) as during:
            for one in (client, during):
                one.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    ask(one)
            # And when it is healed, only those that are made then are alive
            proxy.heal()
            for one in (client, during):
                with pytest.raises(TimeoutError):
                    ask(one)
        with dial(proxy) as after:
            ask(after)
