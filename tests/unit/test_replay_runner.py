"""A replay under way: its rate, its budget, its pauses; killed and resumed it asks for nothing twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.replay.errors import ReplayEndedError
from producers.replay.journal import order, resumed
from producers.replay.ledger import Ledger
from producers.replay.pace import Budget, Pace
from producers.replay.runner import Runner, unfit
from producers.replay.state import ReplayState, Status, fold
from schemas import ids
from schemas.base import Message
from schemas.prompts import RevisionRequested
from schemas.replays import ReplayCancelled, ReplayEvent, ReplayFinished, ReplayPaused, ReplayProgressed
from schemas.values import Lane
from schemas.videos import RevisionDropped, VideoWithdrawn
from schemas.works import Cost
from tests.unit.replay_kit import NOW, Kept, learn, started, video, videos

REPLAY = ids.derive("test", "replay")


def test_every_video_is_asked_for_once_on_the_lane_bulk() -> None:
    publisher = Kept()
    ended = Runner(started(3), publisher).run(videos(3))
    asked = publisher.of(RevisionRequested)
    assert (ended.status, ended.requested) == (Status.FINISHED, 3)
    assert {(one.lane, one.replay_id, one.revision) for one in asked} == {(Lane.BULK, REPLAY, 2)}
    assert {envelope.correlation_id for envelope in publisher.sent} == {REPLAY}
    assert publisher.names()[-1] == "ReplayFinished"


def test_the_budget_is_never_exceeded_and_a_larger_one_goes_on() -> None:
    # given videos that cost 1.0 each, and a budget for two and a half
    histories, publisher = videos(5), Kept()
    paused = Runner(started(5, budget=2.5), publisher).run(histories)
    assert (paused.status, paused.requested, paused.why) == (Status.PAUSED, 2, "the budget is spent")
    # when it is resumed with more
    learn(histories, publisher)
    event = resumed(paused, "ann", 5.0)
    state = fold([paused.started, *publisher.of(ReplayEvent), event])
    assert state is not None and state.budget == 5.0
    ended = Runner(state, publisher).run(histories)
    # then each video was asked for once in all
    assert (ended.status, ended.requested) == (Status.FINISHED, 5)
    assert len({one.video_id for one in publisher.of(RevisionRequested)}) == len(publisher.of(RevisionRequested)) == 5


def test_what_is_done_counts_with_its_real_cost_in_place_of_the_estimate() -> None:
    # given a budget for one and a half videos, whose revisions turn out to cost a tenth
    histories, publisher = videos(5), Kept()
    cheap = Cost(amount=0.1)

    def outcomes() -> list[Message]:
        asked = publisher.of(RevisionRequested)[-1:]
        shown = histories[0].revisions[1].published
        assert shown is not None
        what = {"revision": 2, "total_cost": cheap}
        return [shown.model_copy(update=what | {"video_id": one.video_id}) for one in asked]

    ended = Runner(started(5, budget=1.5), publisher, outcomes=outcomes).run(histories)
    assert (ended.status, ended.requested) == (Status.FINISHED, 5)
    assert ended.committed.amount == pytest.approx(4 * 0.1 + 1.0)
    # and the same is found in the log
    learn(histories, publisher)
    for history in histories[:4]:
        shown = history.revisions[1].published
        assert shown is not None
        history.learn(shown.model_copy(update={"revision": 2, "total_cost": cheap}))
    assert Ledger.of(histories, REPLAY).committed.amount == pytest.approx(1.4)


def test_only_so_many_are_under_way_at_a_time() -> None:
    stopped, publisher, looked = threading.Event(), Kept(), 0

    def outcomes() -> list[Message]:
        nonlocal looked
        looked += 1
        if looked > 5:
            stopped.set()
        return []

    ended = Runner(started(5), publisher, stopped=stopped, outcomes=outcomes, at_once=2).run(videos(5))
    assert (ended.status, ended.requested) == (Status.PAUSED, 2)


def dropped(asked: RevisionRequested) -> Message:
    return RevisionDropped(video_id=asked.video_id, revision=asked.revision, ts_us=asked.ts_us + 1, by="revisions")


def withdrawn(asked: RevisionRequested) -> Message:
    return VideoWithdrawn(
        video_id=asked.video_id, revision=asked.revision + 1, ts_us=asked.ts_us + 1, by="ann", reason="not mine"
    )


@pytest.mark.parametrize("end", [dropped, withdrawn])
def test_what_nobody_wants_any_more_makes_room(end: Callable[[RevisionRequested], Message]) -> None:
    # given room for two, and every revision is dropped, or its video withdrawn, before it is there
    histories, publisher, stopped = videos(6), Kept(), threading.Event()
    late = threading.Timer(5.0, stopped.set)  # where there is no room, it would wait for ever
    late.start()

    def outcomes() -> list[Message]:
        return [end(one) for one in publisher.of(RevisionRequested)]

    # when
    ended = Runner(started(6), publisher, outcomes=outcomes, stopped=stopped, at_once=2).run(histories)
    late.cancel()
    # then it goes on, and counts them in full; whoever resumes it finds the same in the log
    assert (ended.status, ended.requested, ended.committed.amount) == (Status.FINISHED, 6, 6.0)
    learn(histories, publisher)
    for history, asked in zip(histories, publisher.of(RevisionRequested), strict=True):
        history.learn(end(asked))
    assert Ledger.of(histories, REPLAY).open == {}


def test_killed_at_any_point_it_asks_for_nothing_twice() -> None:
    # given a process that dies while it publishes the third request
    class Dying(Kept):
        def publish_all(self, envelopes: list) -> None:  # type: ignore[type-arg]
            if len(self.of(RevisionRequested)) == 3:
                raise KeyboardInterrupt
            super().publish_all(envelopes)

    histories, publisher = videos(6), Dying()
    with pytest.raises(KeyboardInterrupt):
        Runner(started(6), publisher).run(histories)
    # when another one goes on from what is in the log
    learn(histories, publisher)
    again = Kept()
    ended = Runner(started(6), again).run(histories)
    # then
    assert (len(again.of(RevisionRequested)), ended.requested) == (3, 6)


@pytest.mark.parametrize(("kind", "status"), [(ReplayPaused, Status.PAUSED), (ReplayCancelled, Status.CANCELLED)])
def test_an_order_from_elsewhere_is_obeyed(kind: type[ReplayPaused] | type[ReplayCancelled], status: Status) -> None:
    state, publisher = started(5), Kept()

    def orders() -> Iterator[ReplayEvent]:
        if len(publisher.of(RevisionRequested)) == 2:
            yield order(state, kind, "bob", "not now")

    ended = Runner(state, publisher, orders).run(videos(5))
    assert (ended.status, ended.requested, ended.why) == (status, 2, "not now")
    assert "ReplayFinished" not in publisher.names()


def test_ctrl_c_pauses_and_says_so() -> None:
    stopped, publisher = threading.Event(), Kept()
    stopped.set()
    ended = Runner(started(2), publisher, stopped=stopped).run(videos(2))
    assert (ended.status, ended.why) == (Status.PAUSED, "interrupted")
    assert publisher.names() == ["ReplayProgressed", "ReplayPaused"]


def test_what_cannot_be_made_again_is_passed_over() -> None:
    making, failed = video(1, "none"), video(2, "failed")
    publisher = Kept()
    ended = Runner(started(2), publisher).run([making, failed])
    assert (ended.requested, ended.skipped) == (1, 1)
    assert publisher.of(RevisionRequested)[0].video_id == failed.video_id
    assert unfit(making) == "it is still being made"
    making.letters += ["scene-worker BackendError no GPU"]
    assert unfit(making) is None


def test_the_rate_is_kept_and_a_late_one_is_not_made_up_for() -> None:
    now = 100.0
    pace = Pace(2.0, clock=lambda: now)
    assert pace.left() == 0
    pace.went()
    assert pace.left() == 0.5
    now += 10
    pace.went()
    assert pace.left() == 0.5


def test_a_budget_is_exact_in_spite_of_floats() -> None:
    assert Budget(0.3).allows(0.1 + 0.1, 0.1)
    assert not Budget(0.3).allows(0.3, 0.001)
    assert Budget(None).allows(1e9, 1e9)


def test_what_has_ended_takes_no_orders() -> None:
    ended = Runner(started(1), Kept()).run(videos(1))
    with pytest.raises(ReplayEndedError):
        order(ended, ReplayPaused, "ann", "late")
    with pytest.raises(ReplayEndedError):
        resumed(ended, "ann", None)


def history() -> list[ReplayEvent]:
    first = started(9)
    told = ReplayProgressed(
        replay_id=REPLAY, ts_us=NOW + 1, requested=4, skipped=1, videos=9, committed=first.committed
    )  # fmt: skip
    paused = order(first, ReplayPaused, "ann", "wait")
    end = ReplayFinished(replay_id=REPLAY, ts_us=NOW * 2, requested=8, skipped=1, committed=first.committed)
    return [first.started, told, paused, resumed(first, "ann", 7.0).model_copy(update={"ts_us": paused.ts_us + 1}), end]


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 4), max_size=5))
def test_the_state_does_not_depend_on_order_or_repetition(chance: random.Random, again: list[int]) -> None:
    events = history()
    mixed = [*events, *(events[number] for number in again)]
    chance.shuffle(mixed)
    assert fold(mixed) == fold(events)


def test_the_fold_tells_every_step() -> None:
    events = history()
    seen = [fold(events[:length]) for length in range(len(events) + 1)]
    assert [state and state.status for state in seen] == [
        None, Status.RUNNING, Status.RUNNING, Status.PAUSED, Status.RUNNING, Status.FINISHED,
    ]  # fmt: skip
    assert isinstance(seen[-1], ReplayState)
    assert (seen[-1].requested, seen[-1].skipped, seen[-1].budget) == (8, 1, 7.0)
