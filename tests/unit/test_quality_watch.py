"""What is far outside of what is usual is told; what is usual, new, or odd all the time is not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from gpu_consumers.quality.alerts import Alerts
from gpu_consumers.quality.summary import Summary
from gpu_consumers.quality.watch import KINDS, LEAST, Watch, kind
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, root
from schemas.quality import Group
from schemas.videos import AnomalyFound, SceneRendered, ScriptWritten
from schemas.works import ClipQuality, Cost, RenderWork
from tests.unit.read_kit import life, scene

VIDEO = ids.derive("watch", "video")


def rendered(
    *, sharpness: float = 300.0, flicker: float = 0.4, psnr: float | None = None, cpu: float = 2.0, **changes: Any
) -> SceneRendered:
    """A scene of four seconds."""
    quality = ClipQuality(width=540, height=960, frames=60, sharpness=sharpness, flicker=flicker, psnr_db=psnr)
    cost = Cost(cpu_seconds=cpu, amount=cpu * 0.001)
    event = next(event for event in scene(VIDEO, 1, 1) if isinstance(event, SceneRendered))
    return event.model_copy(update={"quality": quality, "cost": cost, "ts_us": 9, **changes})


def usual(count: int = 40, seed: int = 1) -> list[SceneRendered]:
    """Scenes as they vary: figures within a fifth of one another."""
    chance = random.Random(seed)
    return [
        rendered(
            sharpness=300 * chance.uniform(0.9, 1.1), flicker=0.4 * chance.uniform(0.9, 1.1),
            psnr=28 + chance.uniform(-0.5, 0.5), cpu=2 * chance.uniform(0.9, 1.1),
        )
        for _ in range(count)
    ]  # fmt: skip


def test_a_summary_knows_which_clips_each_model_and_flavor_made() -> None:
    # given scenes of two revisions of a video, each in a flavor of its own, and one whose script is older than the log
    first, second = (rendered(model=model, revision=number) for number, model in ((1, "mine"), (2, "other")))
    reused, older = rendered(model="other", reused=True), rendered(model="mine", video_id=ids.video_id("older"))
    clips = [
        one.model_copy(update={"clip": one.clip.model_copy(update={"sha256": digit * 64})})
        for one, digit in ((first, "a"), (second, "b"), (older, "c"))
    ]
    (script,) = [event.data for event in life(VIDEO, 1) if isinstance(event.data, ScriptWritten)]
    scripts = [
        script.model_copy(update={"revision": revision, "flavor": flavor})
        for revision, flavor in ((1, "night"), (2, "plain"))
    ]
    summary = Summary()
    for event in (*clips, clips[0], reused, *scripts):
        summary.learn(root(event, source="/test"))
    # then each clip is its model's and its flavor's, whichever was heard of first
    one, two, three = (each.clip.name for each in clips)
    assert summary.sets == {
        (Group.MODEL, "mine"): {one, three}, (Group.MODEL, "other"): {two},
        (Group.FLAVOR, "night"): {one}, (Group.FLAVOR, "plain"): {two},
    }  # fmt: skip


def taught(scenes: list[SceneRendered]) -> Watch:
    watch = Watch()
    for each in scenes:
        watch.learn(each)
    return watch


@given(st.integers(0, 10_000))
def test_what_varies_as_ever_is_no_news(seed: int) -> None:
    watch = taught(usual())
    assert [watch.judge(each) for each in usual(5, seed)] == [()] * 5


@pytest.mark.parametrize(
    ("odd", "figures"),
    [
        (rendered(sharpness=20.0), {"sharpness"}),
        (rendered(sharpness=4000.0), {"sharpness"}),
        (rendered(flicker=8.0), {"flicker"}),
        (rendered(psnr=12.0), {"psnr_db"}),
        (rendered(cpu=9.0), {"seconds", "amount"}),
    ],
    ids=["blurred", "noisy", "flickering", "unlike its draft", "slow and dear"],
)
def test_what_is_far_outside_is_told(odd: SceneRendered, figures: set[str]) -> None:
    found = taught(usual()).judge(odd)
    assert {one.figure for one in found} == figures
    assert all(one.deviations >= 6 for one in found)


@pytest.mark.parametrize("good", [rendered(flicker=0.0), rendered(psnr=60.0), rendered(cpu=0.1)])
def test_what_is_better_than_usual_is_no_alert(good: SceneRendered) -> None:
    assert taught(usual()).judge(good) == ()


def test_an_outlier_says_what_is_usual_in_the_figures_own_unit() -> None:
    told = {one.figure: one for one in taught(usual()).judge(rendered(sharpness=20.0, psnr=12.0, cpu=9.0))}
    assert told["sharpness"].value == 20.0 and told["sharpness"].typical == pytest.approx(300, rel=0.1)
    assert told["psnr_db"].typical == pytest.approx(28, abs=0.6)
    assert told["seconds"].value == pytest.approx(2.25) and told["seconds"].typical == pytest.approx(0.5, rel=0.1)


def test_nothing_is_said_of_a_kind_before_enough_of_it_was_seen() -> None:
    assert taught(usual(LEAST - 1)).judge(rendered(cpu=99.0)) == ()
    assert taught(usual(LEAST)).judge(rendered(cpu=99.0)) != ()


def test_scenes_of_another_look_shape_or_device_are_not_compared() -> None:
    work = RenderWork(model="a", width=480, height=832, frames=81, steps=4, accelerator="eager", device="H100")
    base = rendered(work=work)
    others = [
        rendered(look="hills"), base, rendered(work=work.model_copy(update={"steps": 8})),
        rendered(work=work.model_copy(update={"device": "A100"})),
        rendered(work=work.model_copy(update={"accelerator": "tensorrt"})),
    ]  # fmt: skip
    assert len({kind(each) for each in [rendered(), *others]}) == 6
    watch = taught(usual())
    assert [watch.judge(each.model_copy(update={"cost": Cost(cpu_seconds=99)})) for each in others] == [()] * 5


def test_a_few_odd_ones_change_nothing_and_what_is_odd_for_long_becomes_usual() -> None:
    watch, slow = taught(usual()), rendered(cpu=9.0)
    for _ in range(5):
        assert watch.judge(slow)
        watch.learn(slow)
    for _ in range(60):
        watch.learn(slow)
    assert watch.judge(slow) == ()


def test_what_was_reused_was_not_made_and_says_nothing() -> None:
    watch = taught([rendered(cpu=0.001, reused=True)] * 40)
    assert watch.seen(rendered()) == 0
    assert taught(usual()).judge(rendered(cpu=99.0, reused=True)) == ()


def test_events_of_before_there_were_figures_are_judged_by_time_and_cost() -> None:
    old = [each.model_copy(update={"quality": None}) for each in usual()]
    found = taught(old).judge(rendered(cpu=9.0, quality=None))
    assert {one.figure for one in found} == {"seconds", "amount"}


def test_kinds_that_nobody_makes_any_more_are_forgotten() -> None:
    watch = taught(usual())
    for number in range(KINDS):
        watch.learn(rendered(look=f"look-{number}"))
    assert watch.seen(rendered()) == 0 and watch.seen(rendered(look="look-9")) == 1


def test_an_alert_is_an_event_and_counts() -> None:
    # given a process that has made scenes as usual
    alerts = Alerts()
    assert [alerts.judged(each) for each in usual()] == [None] * 40
    labels = {"model": "procedural", "figure": "flicker"}
    before = REGISTRY.get_sample_value("swipestream_scene_anomalies_total", labels) or 0.0
    # when one flickers
    odd = rendered(flicker=8.0)
    told = alerts.judged(odd)
    # then it is told with its place, after the scene itself
    assert told is not None and told.ts_us > odd.ts_us
    assert (told.video_id, told.scene_id, told.seen, told.kind) == (VIDEO, odd.scene_id, 40, kind(odd))
    assert [one.figure for one in told.outliers] == ["flicker"]
    assert REGISTRY.get_sample_value("swipestream_scene_anomalies_total", labels) == before + 1


def test_the_first_scene_of_a_process_may_take_long_for_it_loads_what_all_need() -> None:
    # given a process that knows from the log what is usual
    alerts = Alerts()
    for each in usual():
        alerts._learn(each)
    # when its first scene takes long, and is blurred
    first = alerts.judged(rendered(cpu=9.0, sharpness=9.0))
    # then that is odd alone which has nothing to do with it
    assert first is not None and [one.figure for one in first.outliers] == ["sharpness"]
    second = alerts.judged(rendered(cpu=9.0))
    assert second is not None and {one.figure for one in second.outliers} == {"seconds", "amount"}


def test_without_a_broker_the_watch_begins_anew() -> None:
    assert Alerts().recall("127.0.0.1:1") == 0


def event(data: Message, name: str) -> Envelope[Message]:
    return root(data, source="/test", event_id=ids.derive(VIDEO, name))


def test_the_summary_counts_each_scene_once_and_gives_the_middle_of_what_was_made() -> None:
    summary, alerts = Summary(), Alerts()
    for each in usual():
        alerts.judged(each)
    odd = alerts.judged(rendered(sharpness=1.0))
    assert isinstance(odd, AnomalyFound)
    made = [event(rendered(sharpness=value), f"{value}") for value in (100.0, 200.0, 900.0)]
    again = event(rendered(sharpness=5000.0, reused=True), "reused")
    for each in [*made, *made, again, event(odd, "odd"), event(odd, "odd")]:
        summary.learn(each)
    (line,) = summary.lines()
    assert (line.scenes, line.figures["sharpness"], line.odd) == (3, 200.0, 1)
    assert list(summary.newest(5)) == [odd]
