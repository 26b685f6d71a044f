"""Who is let in: path, Origin, numbers and rate."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from query_api.gateway.door import Door
from query_api.gateway.limits import Limits

HOST = "feed.example:8001"


def refused(
    door: Door, *, path: str = "/", host: str | None = HOST, origin: str | None = None, clients: int = 0, now: float = 0
) -> str:
    refusal = door.check(path, host, origin, clients, now)
    return refusal.reason if refusal else ""


@pytest.mark.parametrize(
    ("origin", "host", "let_in"),
    [
        (None, HOST, True),
        ("http://feed.example:8000", HOST, True),
        ("https://feed.example", HOST, True),
        ("http://localhost:8000", "127.0.0.1:8001", True),
        ("http://127.0.0.1:8000", "localhost:8001", True),
        ("http://[::1]:8000", "127.0.0.1:8001", True),
        ("https://evil.example", HOST, False),
        ("https://feed.example.evil.example", HOST, False),
        ("null", HOST, False),
        ("", HOST, False),
        ("http://[", HOST, False),
        ("http://feed.example", None, False),
        ("http://other.example", HOST, False),
    ],
)
def test_a_page_may_connect_to_its_own_host(origin: str | None, host: str | None, let_in: bool) -> None:
    assert refused(Door(Limits(), 0), origin=origin, host=host) == ("" if let_in else "origin")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1:8001", ""),
        ("localhost:8001", ""),
        ("app.example", ""),
        ("evil.example:8001", "origin"),
        (None, "origin"),
    ],
)
def test_a_private_installation_is_reached_by_its_own_names_alone(host: str | None, reason: str) -> None:
    # Given a page whose own name was made to point here (DNS rebinding): its origin is that of the host it asks
    origin = f"http://{host}" if host else None
    # When it connects where everyone is believed, then only names of this machine, and those that are set, are let in
    assert refused(Door(Limits(), 0, ["https://app.example"], local=True), host=host, origin=origin) == reason


def test_other_origins_can_be_allowed() -> None:
    door = Door(Limits(), 0, ["https://app.example"])
    assert refused(door, origin="https://app.example") == ""
    assert refused(door, origin="https://app.example.evil") == "origin"
    assert refused(Door(Limits(), 0, ["*"]), origin="https://any.example") == ""


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/", ""), ("/v1/live", ""), ("/v1/socket", ""), ("/?x=1", ""), ("/other", "path"), ("//", "path")],
)
def test_it_answers_at_its_own_paths(path: str, reason: str) -> None:
    assert refused(Door(Limits(), 0), path=path) == reason


def test_a_full_node_and_one_that_goes_away_say_try_again() -> None:
    door = Door(Limits(connections=10), 0)
    assert refused(door, clients=9) == ""
    refusal = door.check("/", HOST, None, 10, 0)
    assert refusal is not None
    assert refusal.status is HTTPStatus.SERVICE_UNAVAILABLE
    door.closed = True
    assert refused(door) == "draining"


def test_new_connections_have_a_rate() -> None:
    door = Door(Limits(connects_per_s=10), 0)
    assert [refused(door) for _ in range(21)] == [""] * 20 + ["rate"]
    assert refused(door, now=0.2) == ""
