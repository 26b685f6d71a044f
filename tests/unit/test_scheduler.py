"""The scheduler of one device: who goes first, who gives way, and that nobody starves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.simulation import Order
from gpu_consumers.scheduling.memory import TooLargeError
from gpu_consumers.scheduling.policy import Policy
from schemas.values import Lane
from tests.unit.scheduling_kit import KnownCosts, order, request, run, scheduler

INTERACTIVE, PREFETCH, BULK = Lane.INTERACTIVE, Lane.PREFETCH, Lane.BULK


def keys(done: list) -> list[str]:  # type: ignore[type-arg]
    return [one.order.request.key for one in done]


def test_the_most_urgent_lane_goes_first_and_within_it_the_earliest_deadline() -> None:
    orders = [
        order(0, request("bulk", BULK)),
        order(0, request("prefetch", PREFETCH)),
        order(0, request("later", deadline=90)),
        order(0, request("sooner", deadline=50)),
    ]
    assert keys(run(orders)) == ["sooner", "later", "prefetch", "bulk"]


def test_something_urgent_waits_for_one_step_and_what_gave_way_goes_on_where_it_stopped() -> None:
    # given a bulk clip of twenty steps, and somebody who asks in the middle of its third
    orders = [order(0, request("bulk", BULK, steps=20)), order(2.5, request("urgent", steps=4))]
    # when
    urgent, bulk = run(orders)
    # then the one waited for the rest of the step, and the other lost just the time of the one
    assert (urgent.order.request.key, urgent.at) == ("urgent", 7.0)
    assert (bulk.order.request.key, bulk.at) == ("bulk", 24.0)


def test_what_is_nearly_done_ends_before_another_model_is_loaded() -> None:
    chooser = scheduler(costs=KnownCosts(loads=2.5), weights={"small": 10, "other": 10})
    orders = [order(0, request("bulk", BULK, steps=4)), order(1.5, request("urgent", model="other"))]
    assert keys(run(orders, chooser)) == ["bulk", "urgent"]


def test_what_can_no_longer_be_in_time_does_not_make_others_late() -> None:
    # given one whose deadline cannot be kept any more and one whose deadline just can
    chooser = scheduler()
    chooser.submit(request("hopeless", deadline=3), 0)
    chooser.submit(request("possible", deadline=4), 0)
    # then it steps back, once: sixty seconds on it is first, and late
    assert chooser.decide(0).run == "possible"
    chooser.finish("possible")
    chooser.submit(request("newcomer", deadline=70), 60)
    assert chooser.decide(60).run == "hopeless"


def test_an_earlier_deadline_of_the_same_lane_takes_over_only_where_that_saves_it() -> None:
    running = order(0, request("running", deadline=100, steps=10))
    saved, patient = order(1, request("saved", deadline=7)), order(1, request("patient", deadline=50))
    assert keys(run([running, saved])) == ["saved", "running"]
    assert keys(run([running, patient])) == ["running", "patient"]


def test_bulk_gets_its_share_however_much_is_urgent() -> None:
    # given more urgent work than the device can do, and one bulk clip of ten steps
    urgent = [order(4.0 * number, request(f"urgent-{number}", steps=5)) for number in range(200)]
    done = run([order(0, request("bulk", BULK, steps=10)), *urgent])
    # then its ten steps take ten times twenty seconds, one step in each
    bulk = next(one for one in done if one.order.request.key == "bulk")
    assert 190 <= bulk.at <= 215


def test_a_flood_of_old_bulk_does_not_slow_what_is_urgent() -> None:
    # given a thousand bulk clips that have waited for an hour
    flood = [order(0, request(f"bulk-{number}", BULK)) for number in range(1000)]
    urgent = [order(3600.0 + 20 * number, request(f"urgent-{number}")) for number in range(20)]
    done = run([*flood, *urgent], until=4200)
    # then each urgent one takes its four steps, and at most the rest of one and a turn of one
    waits = [one.took for one in done if one.order.request.lane is INTERACTIVE]
    assert len(waits) == 20 and max(waits) <= 4 + 2


def test_the_same_request_is_made_once_and_becomes_as_urgent_as_the_most_urgent_who_asked() -> None:
    chooser = scheduler()
    assert chooser.submit(request("wanted", BULK), 0)
    assert chooser.submit(request("other", PREFETCH), 0)
    assert not chooser.submit(request("wanted", INTERACTIVE), 1)
    assert (chooser.decide(1).run, chooser.in_hand) == ("wanted", 2)


def test_what_nobody_wants_any_more_is_dropped() -> None:
    chooser = scheduler()
    chooser.submit(request("wanted"), 0)
    chooser.submit(request("wanted"), 0)
    assert not chooser.withdraw("wanted") and chooser.in_hand == 1
    assert chooser.withdraw("wanted") and chooser.in_hand == 0
    assert chooser.decide(1).run is None


def test_what_does_not_fit_even_alone_is_refused() -> None:
    chooser = scheduler(capacity=100, weights={"small": 60})
    with pytest.raises(TooLargeError, match="small needs"):
        chooser.submit(request("huge", peak=41), 0)


def test_models_that_were_used_longest_ago_make_room() -> None:
    chooser = scheduler(capacity=100, weights={"a": 45, "b": 45, "c": 45})
    for number, model in enumerate("abac"):
        chooser.submit(request(f"{number}", model=model), 0)
        decision = chooser.decide(0)
        chooser.finish(f"{number}")
    assert (decision.evict, decision.load) == (("b",), "c")


def test_nothing_is_suspended_where_both_do_not_fit() -> None:
    chooser = scheduler(capacity=100, weights={"small": 50})
    chooser.submit(request("bulk", BULK, peak=40, held=30), 0)
    assert chooser.decide(0).run == "bulk"
    chooser.submit(request("urgent", peak=40), 1)
    assert chooser.decide(1).run == "bulk"


def test_equal_work_shares_a_batch_only_where_that_was_measured_to_pay() -> None:
    def batch(gains: dict[int, float]) -> tuple[str, ...]:
        chooser = scheduler(costs=KnownCosts(gains=gains), policy=Policy(batch_most=4))
        for number in range(3):
            chooser.submit(request(f"{number}"), 0)
        return chooser.decide(0).batch

    assert batch({}) == ("0",)
    assert batch({2: 1.02, 3: 1.03}) == ("0",)
    assert batch({2: 1.6, 3: 2.2}) == ("0", "1", "2")


def test_a_batch_that_would_make_the_first_late_is_not_made() -> None:
    chooser = scheduler(costs=KnownCosts(gains={2: 1.5}), policy=Policy(batch_most=2))
    for number in range(2):
        chooser.submit(request(f"{number}", deadline=5), 0)
    assert chooser.decide(0).batch == ("0",)


def test_the_eta_counts_what_goes_before() -> None:
    chooser = scheduler()
    chooser.submit(request("first", deadline=50), 0)
    chooser.submit(request("second", deadline=60), 0)
    chooser.submit(request("bulk", BULK), 0)
    chooser.decide(0)
    chooser.charge(1.0)
    assert [chooser.eta(key, 1).typical for key in ("first", "second", "bulk")] == [3, 7, 11]
    assert chooser.feasible("second", 1) and not chooser.feasible("second", 54)


CLIPS = st.lists(
    st.tuples(
        st.integers(0, 60), st.sampled_from(Lane), st.integers(1, 8), st.sampled_from("abc"), st.integers(1, 20),
        st.one_of(st.none(), st.integers(1, 100)),
    ),
    min_size=1, max_size=25,
)  # fmt: skip
WEIGHTS = {"a": 30, "b": 40, "c": 50}


@given(CLIPS)
def test_every_clip_is_finished_step_by_step_in_bounded_memory_and_the_device_never_idles(clips) -> None:  # type: ignore[no-untyped-def]
    # given any clips, of three models that do not all fit
    orders = [_order(number, *clip) for number, clip in enumerate(clips)]
    chooser = scheduler(capacity=100, weights=WEIGHTS)
    # when
    done = run(orders, chooser)
    # then all are finished, the device has worked whenever there was work, and memory was never overdrawn
    assert sorted(keys(done)) == sorted(one.request.key for one in orders) and chooser.in_hand == 0
    assert max(one.at for one in done) == _busy_until(orders)


def _order(number: int, at: int, lane: Lane, steps: int, model: str, peak: int, deadline: int | None) -> Order:
    asked = request(
        f"{number}", lane, deadline=None if deadline is None else at + deadline, steps=steps, model=model, peak=peak,
        held=peak // 4,
    )  # fmt: skip
    return order(at, asked)


def _busy_until(orders: list[Order]) -> float:
    now = 0.0
    for one in sorted(orders, key=lambda order: order.at):
        now = max(now, one.at) + sum(one.segments)
    return now


@given(CLIPS)
def test_memory_is_never_overdrawn(clips) -> None:  # type: ignore[no-untyped-def]
    # given a shell that keeps its own account of what is on the device
    chooser = scheduler(capacity=100, weights=WEIGHTS)
    left = {}
    for number, (_, lane, steps, model, peak, _) in enumerate(clips):
        asked = request(f"{number}", lane, steps=steps, model=model, peak=peak, held=peak // 4)
        chooser.submit(asked, 0)
        left[asked.key] = (asked, steps)
    resident: set[str] = set()
    begun: set[str] = set()
    while left:
        decision = chooser.decide(0)
        assert decision.run is not None
        resident -= set(decision.evict)
        resident |= {decision.load} if decision.load else set()
        asked, steps = left[decision.run]
        begun.add(decision.run)
        held = sum(left[key][0].held for key in begun if key in left and key != decision.run)
        # then
        assert asked.work.model in resident
        assert sum(WEIGHTS[model] for model in resident) + held + asked.peak <= 100
        chooser.charge(1.0)
        left[decision.run] = (asked, steps - 1)
        if steps == 1:
            chooser.finish(decision.run)
            del left[decision.run]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), min_size=1, max_size=12))
def test_deadlines_of_one_lane_are_kept_where_the_earliest_first_keeps_them(clips) -> None:  # type: ignore[no-untyped-def]
    # given clips that are all there at once, each with a deadline by which the earliest first just makes it
    orders, now = [], 0.0
    for number, (slack, steps) in enumerate(sorted(clips)):
        now += steps
        orders.append(order(0, request(f"{number}", deadline=max(now, float(slack)), steps=steps)))
    # then
    assert not [one for one in run(orders) if one.late]


def test_what_is_set_aside_is_left_to_somebody_else_and_models_make_way_for_it() -> None:
    # given two models on the device
    device = scheduler(capacity=100, weights={"small": 30, "other": 30})
    for model in ("other", "small"):
        device.submit(request(model, model=model, peak=20), 0)
        device.decide(0)
        device.finish(model)
    # when so much is set aside that only one of them fits, with its clip
    assert device.set_aside(50)
    device.submit(request("one", model="small", peak=20), 0)
    # then the other makes way
    assert device.decide(0).evict == ("other",)
    # and with a clip in hand that would not fit beside it, no more is
    assert not device.set_aside(51)
    assert device.set_aside(0)


def test_a_clip_that_does_not_fit_beside_what_is_set_aside_waits_until_it_is_given_back() -> None:
    device = scheduler(capacity=100, weights={"small": 30})
    assert device.set_aside(50)
    large = request("large", peak=21)
    assert not device.fits(large) and device.fits(request("less", peak=20))
    device.submit(large, 0)
    assert device.decide(0).run is None
    device.set_aside(0)
    assert device.decide(0).run == "large"


def test_what_gave_way_finds_its_memory_again_whatever_is_set_aside() -> None:
    # given a clip that is suspended, and holds 10 of what the one that runs could use
    device = scheduler(capacity=100, weights={"small": 30})
    device.submit(request("bulk", BULK, peak=20, held=10), 0)
    device.decide(0)
    device.submit(request("urgent", peak=20), 0)
    assert device.decide(0).suspended == "bulk"
    # then what they hold and need counts together
    assert not device.set_aside(41) and device.set_aside(40)
    device.finish("urgent")
    assert device.decide(0).run == "bulk"
