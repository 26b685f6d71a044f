"""A replay under way: request after request, at its rate and within its budget, until it is done or told to stop.

Everything it knows is in the log: its own events, and the revisions that were asked for in its name. So it can be
killed at any time and resumed anywhere, and asks for nothing twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from infra.errors import SwipestreamError
from producers.replay.history import History
from producers.replay.journal import SOURCE, Publisher, beginning, told
from producers.replay.ledger import Ledger, estimate
from producers.replay.pace import Budget, Pace
from producers.replay.request import Order, request
from producers.replay.state import ReplayState, Status, after
from schemas import base
from schemas.base import Message
from schemas.envelope import caused_by
from schemas.replays import ReplayEvent, ReplayFinished, ReplayPaused, ReplayProgressed

#: Videos between two ReplayProgressed.
TELL_EVERY = 20
#: Revisions that may be under way at a time. Scripts and assemblies have no lanes: live ones would wait.
AT_ONCE = 40
#: How often an order from elsewhere (pause, cancel) is looked for, in seconds.
LOOK_S = 0.5

Orders = Callable[[], Iterable[ReplayEvent]]
Outcomes = Callable[[], Iterable[Message]]
Tick = Callable[[ReplayState], None]


@dataclass
class Runner:
    """Runs one replay. `stopped` is set by Ctrl-C.

    `orders` gives the events that others wrote about it, `outcomes` what became of its revisions since the last call.
    """

    state: ReplayState
    publisher: Publisher
    orders: Orders = tuple
    tick: Tick = lambda _state: None
    stopped: threading.Event = field(default_factory=threading.Event)
    outcomes: Outcomes = tuple
    at_once: int = AT_ONCE
    ledger: Ledger = field(default_factory=Ledger)

    def run(self, videos: Sequence[History]) -> ReplayState:
        """Ask for every video that was not asked for yet; the state in the end. Raises UnavailableError."""
        self._recount(videos)
        pace = Pace(self.state.started.rate)
        for number, history in enumerate(self._open(videos), 1):
            if not self._may_go(pace, history):
                return self.state
            self._ask(history)
            pace.went()
            if number % TELL_EVERY == 0:
                self._tell(self._progress())
            self.tick(self.state)
        self._tell(self._finish())
        return self.state

    def _recount(self, videos: Sequence[History]) -> None:
        """What was asked for before, from the log itself: the last ReplayProgressed may be older."""
        done = [history for history in videos if self._asked(history)]
        self.ledger = Ledger.of(done, self._id)
        self.state = replace(self.state, requested=len(done), skipped=0, committed=self.ledger.committed)

    def _open(self, videos: Sequence[History]) -> list[History]:
        return [history for history in videos if not self._asked(history)]

    def _asked(self, history: History) -> bool:
        return any(one.replay_id == self._id for one in history.revisions.values())

    @property
    def _id(self) -> str:
        return self.state.started.replay_id

    def _may_go(self, pace: Pace, history: History) -> bool:
        """Wait for the turn, and for room. False when told to stop, and when the budget does not reach."""
        while True:
            self._obey()
            if self.stopped.is_set() and self.state.status is Status.RUNNING:
                self._pause("interrupted")
            if self.state.status is not Status.RUNNING:
                return False
            if (left := pace.left()) <= 0 and len(self.ledger.open) < self.at_once:
                break
            self.stopped.wait(min(left or LOOK_S, LOOK_S))
        if not Budget(self.state.budget).allows(self.state.committed.amount, estimate(history, self._id).amount):
            self._pause("the budget is spent")
            return False
        return True

    def _obey(self) -> None:
        for event in self.orders():
            self.state = replace(after(self.state, event), last_us=max(self.state.last_us, event.ts_us))
        for outcome in self.outcomes():
            self.ledger.settle(outcome)
        self.state = replace(self.state, committed=self.ledger.committed)

    def _ask(self, history: History) -> None:
        started = self.state.started
        if reason := unfit(history):
            return self._skip(reason)
        order = Order(
            changes=started.changes, operator=started.operator, reason=started.reason, replay_id=self._id,
        )  # fmt: skip
        try:
            data = request(history, order)
        except SwipestreamError as error:
            return self._skip(str(error))
        step = f"revision-of-{history.video_id}"
        envelope = caused_by(beginning(started), data, source=SOURCE, step=step)
        self.publisher.publish_all([(envelope, None)])
        self.ledger.take((data.video_id, data.revision), estimate(history, self._id))
        self.state = replace(self.state, requested=self.state.requested + 1, committed=self.ledger.committed)

    def _skip(self, _reason: str) -> None:
        self.state = replace(self.state, skipped=self.state.skipped + 1)

    def _pause(self, why: str) -> None:
        self._tell(self._progress())
        by = self.state.started.operator
        self._tell(ReplayPaused(replay_id=self._id, ts_us=base.rising(self.state.last_us), by=by, why=why))

    def _progress(self) -> ReplayEvent:
        return ReplayProgressed(
            replay_id=self._id, ts_us=base.rising(self.state.last_us), requested=self.state.requested,
            skipped=self.state.skipped, videos=self.state.started.videos, committed=self.state.committed,
        )  # fmt: skip

    def _finish(self) -> ReplayEvent:
        return ReplayFinished(
            replay_id=self._id, ts_us=base.rising(self.state.last_us), requested=self.state.requested,
            skipped=self.state.skipped, committed=self.state.committed,
        )  # fmt: skip

    def _tell(self, event: ReplayEvent) -> None:
        self.publisher.publish_all([(told(self.state, event), None)])
        self.state = replace(after(self.state, event), last_us=event.ts_us)
        self.tick(self.state)


def unfit(history: History) -> str | None:
    """Why a video is passed over; None where it can be made again."""
    live = history.revisions.get(history.live)
    if live is None or history.prompt is None:
        return "the log has no prompt of it"
    if not (live.settled or history.letters):
        return "it is still being made"
    if live.number == 1 and live.script is None and live.failed and live.failed.TYPE == "PromptRejected":
        return "its prompt was rejected"
    return None
