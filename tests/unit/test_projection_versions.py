"""Versions of the read model: which is live, told by the order of decisions alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cassandra.versions import keyspace_of, version_of
from infra.errors import BadInputError, ConfigurationError, NotFoundError
from query_api.projections.versions import Status, Versions, check_drop, check_promote, fold
from schemas.projections import (
    ProjectionDropped,
    ProjectionEvent,
    ProjectionPromoted,
    ProjectionRebuildStarted,
    ProjectionRebuilt,
    ProjectionRolledBack,
    ProjectionVerified,
)


def event(kind: type[ProjectionEvent], version: int, ts_us: int) -> ProjectionEvent:
    fields: dict[type[ProjectionEvent], dict[str, Any]] = {
        ProjectionRebuildStarted: {"why": "w", "records": 1},
        ProjectionRebuilt: {"records": 1, "unreadable": 0, "seconds": 1.0},
        ProjectionVerified: {"against": 1, "rows": 5, "different": 0},
        ProjectionPromoted: {"before": 1, "why": "w"},
        ProjectionRolledBack: {"before": 2, "why": "back"},
        ProjectionDropped: {"why": "w"},
    }
    return kind(projection="swipestream", version=version, by="mira", ts_us=ts_us, **fields[kind])


def story(*steps: tuple[type[ProjectionEvent], int]) -> Versions:
    return fold(event(kind, version, ts_us) for ts_us, (kind, version) in enumerate(steps, 1))


BUILT = ((ProjectionRebuildStarted, 2), (ProjectionRebuilt, 2))


def statuses(versions: Versions) -> dict[int, str]:
    return {number: one.status.value for number, one in versions.every.items()}


def test_without_a_word_the_first_version_is_live() -> None:
    assert statuses(story()) == {1: "live"} and story().live == 1


def test_a_version_is_built_promoted_and_given_up_again() -> None:
    assert statuses(story(*BUILT[:1])) == {1: "live", 2: "building"}
    assert statuses(story(*BUILT)) == {1: "live", 2: "ready"}
    promoted = story(*BUILT, (ProjectionPromoted, 2))
    assert statuses(promoted) == {1: "kept", 2: "live"} and promoted.before == 1
    back = story(*BUILT, (ProjectionPromoted, 2), (ProjectionRolledBack, 1))
    assert statuses(back) == {1: "live", 2: "kept"} and (back.live, back.before) == (1, 2)


def test_what_was_dropped_is_nothing_to_go_back_to_and_its_number_is_not_used_again() -> None:
    dropped = story(*BUILT, (ProjectionPromoted, 2), (ProjectionDropped, 1))
    assert dropped.before is None and dropped.next_number() == 3
    with pytest.raises(NotFoundError, match="no version 1"):
        dropped.known(1)


@pytest.mark.parametrize(
    "step",
    [(ProjectionPromoted, 2), (ProjectionDropped, 1), (ProjectionPromoted, 7), (ProjectionRebuildStarted, 9)],
    ids=["not caught up", "drop of the live one", "not there", "a number that is not the next"],
)
def test_a_decision_that_cannot_be_does_not_count(step: tuple[type[ProjectionEvent], int]) -> None:
    before = story(*BUILT[:1])
    assert story(*BUILT[:1], step) == before


def test_of_two_decisions_at_once_the_first_in_the_log_counts() -> None:
    # given two operators who both read the log up to 2, and decide
    first, second = event(ProjectionPromoted, 2, 3), event(ProjectionDropped, 2, 3)
    versions = fold([*(event(kind, version, at) for at, (kind, version) in enumerate(BUILT, 1)), first, second])
    # then the one who was later is told so by its absence
    assert first in versions.history and second not in versions.history and versions.live == 2


def test_the_checks_say_why() -> None:
    building = story(*BUILT[:1])
    with pytest.raises(BadInputError, match="has not caught up"):
        check_promote(building, 2)
    with pytest.raises(BadInputError, match="live already"):
        check_promote(building, 1)
    with pytest.raises(BadInputError, match="every reader uses it"):
        check_drop(building, 1)


KINDS = [
    ProjectionRebuildStarted, ProjectionRebuilt, ProjectionVerified, ProjectionPromoted, ProjectionRolledBack,
    ProjectionDropped,
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 4), st.integers(1, 12)), max_size=25))
def test_whatever_is_written_exactly_one_version_is_live_and_it_is_there(
    steps: list[tuple[type[ProjectionEvent], int, int]],
) -> None:
    versions = fold(event(kind, version, ts_us) for kind, version, ts_us in steps)
    live = [number for number, one in versions.every.items() if one.status is Status.LIVE]
    assert live == [versions.live]
    if versions.before is not None:
        assert versions.every[versions.before].status not in (Status.DROPPED, Status.LIVE)
    stamps = [one.ts_us for one in versions.history]
    assert stamps == sorted(set(stamps))


def test_a_repeated_log_says_the_same() -> None:
    events = [event(kind, version, at) for at, (kind, version) in enumerate((*BUILT, (ProjectionPromoted, 2)), 1)]
    assert fold(events + events) == fold(events)


def test_every_version_has_a_keyspace_of_its_own() -> None:
    assert [keyspace_of("swipes", number) for number in (1, 2, 12)] == ["swipes", "swipes_v2", "swipes_v12"]
    assert [version_of("swipes", name) for name in ("swipes", "swipes_v2", "swipes_v12")] == [1, 2, 12]
    assert [version_of("swipes", name) for name in ("swipes_v0", "swipes_v2x", "others_v2", "swipes_2")] == [None] * 4
    with pytest.raises(ConfigurationError, match="more than 48"):
        keyspace_of("s" * 46, 2)
