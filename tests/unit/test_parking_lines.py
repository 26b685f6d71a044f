"""Lines of parked events: who runs, who waits, and what is ignored."""

from __future__ import annotations

import pytest

from infra.kafka import parking
from infra.kafka.parking import Line, Turn, arrive, dump, failed, finished, load
from infra.kafka.records import Raw
from infra.kafka.trials import Trial


def event(offset: int, attempt: int = 1, value: bytes = b"v") -> Trial:
    record = Raw(topic="t", partition=0, offset=offset, timestamp_ms=1, key=b"k", value=value, headers=(("h", None),))
    return Trial(record=record, attempt=attempt)


def line_of(head: Trial, *followers: Trial) -> Line:
    return Line(head=head, followers=followers)


def test_without_a_line_everything_runs() -> None:
    turn = arrive(None, event(1))
    assert turn == Turn(run=(event(1),)) and finished(turn) is None


def test_what_comes_later_waits_behind_the_failed_one_and_only_once() -> None:
    line = failed(arrive(None, event(1)), 0, event(1, 2))
    for _ in range(2):
        line = arrive(line, event(2)).line or line
    assert line == line_of(event(1, 2), event(2))


def test_when_the_head_comes_back_all_run_in_order() -> None:
    turn = arrive(line_of(event(1, 2), event(2), event(3)), event(1, 2))
    assert turn.run == (event(1, 2), event(2), event(3))
    assert finished(turn) is None
    assert failed(turn, 1, event(2, 2)) == line_of(event(2, 2), event(3))


def test_a_repetition_of_an_earlier_attempt_changes_nothing() -> None:
    line = line_of(event(1, 3), event(2))
    assert arrive(line, event(1, 2)) == Turn(line=line)


def test_a_line_that_is_too_long_gives_its_head_up_and_what_still_comes_of_it_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parking, "LIMIT", 2)
    turn = arrive(line_of(event(1, 2), event(2), event(3)), event(4))
    assert turn.given_up == event(1, 2) and turn.run == (event(2), event(3), event(4))
    after = finished(turn)
    assert after == Line(spent=frozenset({("t", 0, 1)}))
    # then others run, what comes back of it does not, and with that the key is as if nothing had been
    assert arrive(after, event(5)).run == (event(5),)
    assert arrive(after, event(1, 2)) == Turn()
    # but what an operator sends back does: its attempts begin anew
    assert arrive(after, event(1)).run == (event(1),)


def test_a_line_with_many_bytes_is_too_long_too() -> None:
    line = line_of(event(1, 2), event(2, value=b"x" * parking.LIMIT_BYTES))
    assert arrive(line, event(3)).given_up == event(1, 2)


def test_a_line_survives_the_table() -> None:
    line = Line(head=event(1, 2), followers=(event(2), event(3, value=b"\x00\xff")), spent=frozenset({("t", 1, 9)}))
    assert load(dump(line)) == line
