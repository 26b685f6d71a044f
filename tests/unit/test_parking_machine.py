"""Parking, by a machine that fails, recovers, repeats and crashes at random: in order, nothing lost, nothing stuck."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infra.errors import TransientError
from infra.kafka import parking
from infra.kafka.failures import Retry, next_step
from infra.kafka.parking import Line, arrive, dump, failed, finished, load
from infra.kafka.records import Raw
from infra.kafka.trials import Place, Trial

KEYS = (b"a", b"b", b"c")
LIMIT = parking.LIMIT
TIERS = {"10s": 10.0, "1m": 60.0}


def event(key: bytes, offset: int) -> Trial:
    """The first trial of an event."""
    return Trial(
        record=Raw(topic="t", partition=0, offset=offset, timestamp_ms=1, key=key, value=b"v", headers=(("h", b"1"),))
    )


@dataclass
class Durable:
    """What a crash leaves: the table, and how far each log was committed."""

    lines: dict[bytes, bytes] = field(default_factory=dict)
    source: int = 0
    due: int = 0


class Parking(RuleBasedStateMachine):
    """A log, a retry log, a table, and a consumer that works on them as the Faust shell does."""

    def __init__(self) -> None:
        super().__init__()
        self.source: list[Trial] = []
        self.waiting: list[Trial] = []  # in a retry topic, not due yet
        self.due: list[Trial] = []  # in the topic that the consumer reads
        self.now, self.kept = Durable(), Durable()
        self.succeeded: dict[bytes, list[int]] = defaultdict(list)
        self.dead: set[Place] = set()
        self.bad: dict[Place, str] = {}
        self.crashed = self.steady = False

    @initialize(limit=st.integers(1, 6), steady=st.booleans())
    def limits(self, limit: int, steady: bool) -> None:
        """A line as short as that, and in half of the runs no crash: there nothing may happen twice."""
        parking.LIMIT, self.steady = limit, steady

    @rule(key=st.sampled_from(KEYS), fate=st.sampled_from(["good", "good", "good", "transient", "permanent"]))
    def happens(self, key: bytes, fate: str) -> None:
        """A new event."""
        trial = event(key, len(self.source))
        self.source.append(trial)
        self.bad[trial.place] = fate

    @rule(data=st.data())
    def recovers(self, data: st.DataObject) -> None:
        """What failed would work now."""
        ill = sorted(place for place, fate in self.bad.items() if fate == "transient")
        if ill:
            self.bad[data.draw(st.sampled_from(ill))] = "good"

    @rule()
    def reads(self) -> None:
        """The consumer takes the next event."""
        if self.now.source < len(self.source):
            self._take(self.source[self.now.source])
            self.now.source += 1

    @rule()
    def comes_due(self) -> None:
        """The relay carries one over; twice, where it crashed in between."""
        if self.waiting:
            self.due.append(self.waiting.pop(0))

    @rule()
    def reads_due(self) -> None:
        """The consumer takes the next that came due."""
        if self.now.due < len(self.due):
            self._take(self.due[self.now.due])
            self.now.due += 1

    @rule()
    def repeats(self) -> None:
        """A copy of what waits comes twice."""
        if self.waiting and not self.steady:
            self.crashed = True
            self.due.append(self.waiting[0])

    @rule()
    def commits(self) -> None:
        """Table and offsets are safe."""
        self.kept = copy.deepcopy(self.now)

    @rule(table_is_newer=st.booleans())
    def crashes(self, table_is_newer: bool) -> None:
        """Back to the last commit; the table may be ahead of it, for it is flushed first."""
        if self.steady:
            return
        self.crashed = True
        lines = self.now.lines if table_is_newer else self.kept.lines
        self.now = Durable(dict(lines), self.kept.source, self.kept.due)
        self.kept = copy.deepcopy(self.now)

    def _take(self, trial: Trial) -> None:
        key = trial.record.key or b""
        line = load(self.now.lines[key]) if key in self.now.lines else None
        turn = arrive(line, trial)
        if turn.given_up:
            self.dead.add(turn.given_up.place)
        after: Line | None = None
        for index, each in enumerate(turn.run):
            if again := self._attempt(each):
                after = failed(turn, index, again)
                break
        else:
            after = finished(turn)
        self.now.lines.pop(key, None)
        if after:
            assert load(dump(after)) == after
            self.now.lines[key] = dump(after)

    def _attempt(self, trial: Trial) -> Trial | None:
        fate = self.bad[trial.place]
        if fate == "good":
            self.succeeded[trial.record.key or b""].append(trial.record.offset)
            return None
        error = TransientError() if fate == "transient" else ValueError()
        step = next_step(error, trial.attempt, TIERS)
        if not isinstance(step, Retry):
            self.dead.add(trial.place)
            return None
        again = trial.again(1, step.delay_s)
        self.waiting.append(again)
        return again

    @invariant()
    def order(self) -> None:
        """Each key's events succeed in the order of the log. After a crash some may repeat, none comes too early."""
        for offsets in self.succeeded.values():
            alive = [offset for offset in offsets if ("t", 0, offset) not in self.dead]
            first = list(dict.fromkeys(alive))
            assert first == sorted(first)
            assert self.crashed or offsets == first

    @invariant()
    def bounded(self) -> None:
        """No line is longer than it may be."""
        assert all(len(load(line).followers) <= parking.LIMIT for line in self.now.lines.values())

    def teardown(self) -> None:
        """When all is read and comes due, nothing is lost and nobody waits any more."""
        self._finish()
        parking.LIMIT = LIMIT

    def _finish(self) -> None:
        for _ in range(10_000):
            if self.now.source == len(self.source) and not self.waiting and self.now.due == len(self.due):
                break
            self.reads()
            self.comes_due()
            self.reads_due()
        done = {("t", 0, offset) for offsets in self.succeeded.values() for offset in offsets}
        assert done | self.dead == {trial.place for trial in self.source}
        # only copies that have not come yet are remembered: none is left
        assert not self.now.lines or self.crashed
        assert all(load(line).head is None for line in self.now.lines.values())
        if not self.crashed:
            assert not done & self.dead


TestParking = Parking.TestCase
TestParking.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
