"""How the parts are, as `/readyz` tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from infra.errors import UnavailableError
from query_api import health
from query_api.health import Monitor
from query_api.http.answers import PartAnswer
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel

AT_WORK = {"processors": True, "script-worker": True, "scene-worker": True, "assembly-worker": True}


class Broker:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.away = False
        self.log: Mapping[tuple[str, int], tuple[int, int]] = {("prompts", 0): (0, 0)}
        self.members: Mapping[str, bool] = AT_WORK

    def ranges(self) -> Mapping[tuple[str, int], tuple[int, int]]:
        if self.away:
            raise UnavailableError("no answer")
        return self.log

    def counts(self) -> Mapping[str, bool]:
        self.ranges()
        return self.members


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def ask(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    monkeypatch.setattr(health, "HOLDS_S", -1.0)
    monitor = Monitor(ReadModel(MemoryStore()), broker.ranges, broker.counts)

    async def parts() -> dict[str, PartAnswer]:
        return {part.name: part for part in await monitor.parts()}

    return parts


async def test_every_part_is_named(ask: Callable[[], object]) -> None:
    parts = await ask()  # type: ignore[misc]
    assert list(parts) == ["kafka", "cassandra", "projector", *AT_WORK]
    assert all(part.ok for part in parts.values())
    assert [name for name, part in parts.items() if part.needed] == ["kafka", "cassandra", "projector"]
    assert parts["scene-worker"].detail == "at work"


async def test_a_group_without_members_is_told_and_not_needed(broker: Broker, ask: Callable[[], object]) -> None:
    broker.members = AT_WORK | {"processors": False}
    parts = await ask()  # type: ignore[misc]
    assert (parts["processors"].ok, parts["processors"].detail) == (False, "nobody is at work")
    assert all(part.ok for part in parts.values() if part.needed)


async def test_a_broker_that_answers_late_once_is_not_away(
    broker: Broker, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given one that has just answered
    await ask()  # type: ignore[misc]
    broker.away = True
    # Then it is there for a while longer; who is at work is not known
    parts = await ask()  # type: ignore[misc]
    assert parts["kafka"].ok and parts["projector"].ok
    assert (parts["processors"].ok, parts["processors"].detail) == (False, "not known")
    # And then it is away
    monkeypatch.setattr(health, "GRACE_S", 0.0)
    parts = await ask()  # type: ignore[misc]
    assert not parts["kafka"].ok and parts["kafka"].detail == "no answer" and not parts["projector"].ok


async def test_a_broker_that_never_answered_is_away_at_once(broker: Broker, ask: Callable[[], object]) -> None:
    broker.away = True
    assert not (await ask())["kafka"].ok  # type: ignore[misc]


async def test_what_retention_took_away_is_not_lag(broker: Broker, ask: Callable[[], object]) -> None:
    # given a log whose records have all expired, and one of which two are left
    broker.log = {("prompts", 0): (70, 70), ("swipes", 3): (98, 100)}
    # then a projector that has read none of it has two before it
    projector = (await ask())["projector"]  # type: ignore[misc]
    assert (projector.ok, projector.lag, projector.detail) == (True, 2, "catching up")
