"""The decisions of the processors: given an event and a state, what follows."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.flavors import Moderation
from processors import videos
from processors.decision import Decision
from processors.ideas import ANGLES, STARTERS, idea
from processors.interests import LIMIT, learn
from processors.prompts import decide_with
from processors.viewers import Viewer, decide_for, evolve
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, caused_by, root
from schemas.feeds import FeedServed, Impression, InterestChanged, Outcome, PrefetchSettled
from schemas.prompts import PromptSubmitted
from schemas.scripts import Scene, Script
from schemas.swipes import Action, SwipeRecorded
from schemas.tasks import AssembleVideo, RenderScene, WriteScript
from schemas.values import Artifact, Lane, Origin
from schemas.videos import (
    ContentJudged,
    PromptAccepted,
    PromptRejected,
    SceneCommissioned,
    SceneRendered,
    ScriptWritten,
    VideoPublished,
)
from schemas.works import Cost

NOW = 1_800_000_000_000_000
VIDEO = ids.video_id("test")
BLOB = Artifact(sha256="0" * 64, suffix="mp4", media_type="video/mp4", size=1)


LAX = Moderation(thresholds={"default": 1.0}, allow=("pipe bomb",))
decide_prompt = decide_with(lambda flavor: LAX if flavor == "lax" else Moderation())


def names(decision: Decision) -> list[str]:
    return [envelope.type for envelope, _ in decision.effects]


def prompt(text: str = "Why do cats purr?", **changes: Any) -> Envelope[PromptSubmitted]:
    data = PromptSubmitted(video_id=VIDEO, text=text, origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=NOW)
    return root(data.model_copy(update=changes), source="/test", event_id=ids.derive("test", "prompt"))


def script(scenes: int = 3) -> Script:
    return Script(
        title="Cats", subject="cats", archetype="list",
        scenes=tuple(
            Scene(scene_number=n, beat="hook", narration="Cats purr.", visuals="a cat", duration_s=4)
            for n in range(1, scenes + 1)
        ),
    )  # fmt: skip


def scripted(scenes: int = 3, **changes: Any) -> Envelope[Message]:
    data = ScriptWritten(
        video_id=VIDEO, ts_us=NOW + 1, script=script(scenes), writer="templates", origin=Origin.PERSON,
        lane=Lane.INTERACTIVE, flavor="default", cost=Cost(cpu_seconds=1),
    )  # fmt: skip
    return caused_by(prompt(), data.model_copy(update=changes), source="/test", step="scripted")


def rendered(number: int, scenes: int = 3) -> Envelope[Message]:
    data = SceneRendered(
        video_id=VIDEO, ts_us=NOW + 10 + number, scene_id=ids.scene_id(VIDEO, 1, number), scene_number=number,
        scene_count=scenes, clip=BLOB, audio=None, words=(), duration_ms=4000, backend="procedural",
        model="procedural", look="mesh", seed=1, code="0", cost=Cost(cpu_seconds=2),
    )  # fmt: skip
    return caused_by(scripted(scenes), data, source="/test", step="rendered", index=number)


def fold(events: list[Envelope[Message]]) -> tuple[bytes | None, list[Envelope[Message]]]:
    state, effects = None, []
    for event in events:
        decision = videos.decide(event, state, NOW)
        state = decision.state
        effects += [envelope for envelope, _ in decision.effects]
    return state, effects


def test_a_fine_prompt_is_accepted_and_a_script_is_asked_for() -> None:
    decision = decide_prompt(prompt(), None, NOW)
    assert names(decision) == ["ContentJudged", "PromptAccepted", "WriteScript"]
    judged, accepted, task = (envelope.data for envelope, _ in decision.effects)
    assert isinstance(accepted, PromptAccepted) and isinstance(task, WriteScript)
    assert isinstance(judged, ContentJudged) and judged.allowed and judged.content == "prompt"
    assert NOW < judged.ts_us < accepted.ts_us <= task.after_us
    assert task.deadline_us == NOW + 30_000_000


def test_a_prompt_that_breaks_the_rules_is_rejected_with_category_and_rule() -> None:
    decision = decide_prompt(prompt("how to build a pipe bomb at home"), None, NOW)
    assert names(decision) == ["ContentJudged", "PromptRejected"]
    judged, rejected = (envelope.data for envelope, _ in decision.effects)
    assert isinstance(rejected, PromptRejected) and isinstance(judged, ContentJudged)
    (judgement,) = judged.judgements
    assert not judged.allowed and judged.ts_us < rejected.ts_us
    assert (judgement.category, judgement.rule) == (rejected.category, rejected.rule) == ("weapons", "making-a-weapon")
    assert judgement.score >= judgement.threshold == 0.5
    assert "weapons" in rejected.reason and "making-a-weapon" in rejected.reason


def test_an_archetype_that_there_is_not_is_refused_and_those_there_are_are_named() -> None:
    decision = decide_prompt(prompt("cats", archetype="haiku"), None, NOW)
    assert names(decision) == ["ContentJudged", "PromptRejected"]
    rejected = decision.effects[1][0].data
    assert isinstance(rejected, PromptRejected)
    assert "'haiku'" in rejected.reason and "hot-take" in rejected.reason


def test_a_flavor_may_set_its_own_thresholds() -> None:
    strict, lax = (prompt("how to build a pipe bomb at home", flavor=flavor) for flavor in ("default", "lax"))
    assert names(decide_prompt(strict, None, NOW)) == ["ContentJudged", "PromptRejected"]
    assert names(decide_prompt(lax, None, NOW)) == ["ContentJudged", "PromptAccepted", "WriteScript"]


def told(decision: Decision) -> list[tuple[str, Message]]:
    return [(envelope.id, envelope.data) for envelope, _ in decision.effects]


@pytest.mark.parametrize("text", ["Why do cats purr?", "how to build a pipe bomb at home"])
def test_the_same_prompt_always_makes_the_same_events_however_late(text: str) -> None:
    first, second = (decide_prompt(prompt(text), None, now) for now in (NOW, NOW + 60_000_000))
    assert told(first) == told(second)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_script_fans_out_into_one_task_a_scene_on_its_lane(lane: Lane) -> None:
    decision = videos.decide(scripted(lane=lane), None, NOW)
    assert names(decision) == ["RenderScene"] * 3
    assert {topic for _, topic in decision.effects} == {f"scene-tasks.{lane.value}"}
    tasks = [envelope.data for envelope, _ in decision.effects]
    assert len({task.seed for task in tasks if isinstance(task, RenderScene)}) == 3


def test_of_two_scripts_of_one_revision_the_first_is_the_one_that_is_made() -> None:
    # Given a video whose prompt was asked for twice, so that two scripts were written
    first = scripted()
    barking = tuple(scene.model_copy(update={"narration": "Dogs bark."}) for scene in script(5).scenes)
    second = scripted(ts_us=NOW + 2, script=script().model_copy(update={"scenes": barking}))
    # When both come
    _, effects = fold([first, replace(second, id=ids.fresh())])
    # Then no scene of the second gets into the video
    tasks = [effect.data for effect in effects if isinstance(effect.data, RenderScene)]
    assert {task.scene.narration for task in tasks} == {"Cats purr."}
    assert {task.scene_count for task in tasks} == {3}


@given(st.permutations([1, 2, 3]), st.lists(st.sampled_from([1, 2, 3]), max_size=4))
def test_the_assembly_follows_the_last_scene_in_whatever_order_they_come(order: list[int], again: list[int]) -> None:
    # Given every scene at least once, some of them more often
    events = [scripted(), *(rendered(number) for number in [*order, *again])]
    # When they are folded
    _, effects = fold(events)
    # Then assembly is asked for when all are there, with the scenes in order and each cost once
    assemblies = [effect.data for effect in effects if isinstance(effect.data, AssembleVideo)]
    assert len(assemblies) == 1 + len(again)
    assert {task.cost.cpu_seconds for task in assemblies} == {7.0}
    assert [part.scene_number for part in assemblies[0].parts] == [1, 2, 3]
    assert assemblies[0].after_us == NOW + 13
    # And it is one task, whichever scene came last or came again
    assert {effect.id for effect in effects if isinstance(effect.data, AssembleVideo)} == {
        ids.derive(VIDEO, "assembly", 1)
    }


def test_what_hosted_jobs_cost_is_part_of_the_video_once() -> None:
    job = SceneCommissioned(
        video_id=VIDEO, ts_us=NOW + 5, scene_id=ids.scene_id(VIDEO, 1, 1), scene_number=1, order="c" * 64,
        provider="fal", model="some/model", job="job-1", cost=Cost(amount=0.25),
    )  # fmt: skip
    ordered = caused_by(scripted(1), job, source="/test", step="job")
    _, effects = fold([scripted(1), ordered, ordered, rendered(1, 1)])
    (assembly,) = [effect.data for effect in effects if isinstance(effect.data, AssembleVideo)]
    assert (assembly.cost.amount, assembly.cost.cpu_seconds) == (0.25, 3.0)


def test_a_scene_of_an_unknown_video_changes_nothing() -> None:
    assert videos.decide(rendered(1), None, NOW) == Decision()


def test_a_published_prefetch_tells_its_viewer() -> None:
    data = VideoPublished(
        video_id=VIDEO, ts_us=NOW, title="Cats", subject="cats", archetype="list", flavor="default",
        origin=Origin.PREFETCH, viewer_id="v1", video=BLOB, cover=BLOB, duration_ms=1, format="1080x1920",
        scene_count=1, cost=Cost(), total_cost=Cost(),
    )  # fmt: skip
    state, _ = fold([scripted()])
    decision = videos.decide(caused_by(prompt(), data, source="/test", step="published"), state, NOW)
    settled = decision.effects[0][0].data
    assert isinstance(settled, PrefetchSettled)
    assert (settled.viewer_id, settled.outcome, decision.state) == ("v1", Outcome.READY, None)


# Viewers

decide = decide_for(ahead=5, active_s=600)


def swipe(action: Action = Action.WATCHED, n: int = 0, **changes: Any) -> Envelope[Message]:
    data = SwipeRecorded(
        viewer_id="v1", video_id=ids.video_id(f"seen-{n}"), action=action, watched_ms=9000, duration_ms=10_000,
        subject="cats", ts_us=NOW,
    )  # fmt: skip
    return root(data.model_copy(update=changes), source="/test", event_id=ids.derive("swipe", action, n))


def served(*video_ids: str, ts_us: int = NOW) -> Envelope[Message]:
    items = tuple(Impression(video_id=video, position=n, reason="fresh") for n, video in enumerate(video_ids))
    data = FeedServed(viewer_id="v1", ts_us=ts_us, items=items, policy="test")
    return root(data, source="/test", event_id=ids.derive("served", "/".join(video_ids)))


def prefetched(decision: Decision) -> list[PromptSubmitted]:
    return [envelope.data for envelope, _ in decision.effects if isinstance(envelope.data, PromptSubmitted)]


def test_an_empty_feed_asks_for_five_videos_once() -> None:
    first = decide(served(), None, NOW)
    assert len(prefetched(first)) == 5
    # And asking again while they are made asks for nothing
    assert prefetched(decide(served(), first.state, NOW)) == []


def test_every_swipe_is_replaced_when_five_are_ahead() -> None:
    state = decide(served(*(ids.video_id(f"seen-{n}") for n in range(5))), None, NOW).state
    assert len(prefetched(decide(swipe(n=0), state, NOW))) == 1


def test_a_video_that_settles_counts_as_ready_and_is_not_replaced() -> None:
    asked = decide(served(), None, NOW)
    for wanted in prefetched(asked):
        data = PrefetchSettled(viewer_id="v1", ts_us=NOW, video_id=wanted.video_id, outcome=Outcome.READY)
        asked = decide(root(data, source="/test"), asked.state, NOW)
        assert prefetched(asked) == []
    viewer = Viewer.model_validate_json(asked.state or b"{}")
    assert len(viewer.ready) == 5 and not viewer.pending


def test_old_events_ask_for_nothing() -> None:
    """A replay of the log must not render for viewers who left long ago."""
    assert prefetched(decide(served(), None, NOW + 601 * 1_000_000)) == []


def test_a_repeated_swipe_is_counted_once() -> None:
    once = decide(swipe(Action.LIKED), None, NOW)
    twice = decide(swipe(Action.LIKED), once.state, NOW)
    viewers = [Viewer.model_validate_json(decision.state or b"{}") for decision in (once, twice)]
    assert viewers[0].interests == viewers[1].interests == {"cats": 2.0}
    assert [e.id for e, _ in once.effects if isinstance(e.data, InterestChanged)] == [
        e.id for e, _ in twice.effects if isinstance(e.data, InterestChanged)
    ]


def viewer_after(*events: Envelope[Message]) -> Viewer:
    return reduce(evolve, events, Viewer())


def many_swipes(count: int) -> list[Envelope[Message]]:
    return [swipe(Action.LIKED, n, subject=f"subject {n % 7}", ts_us=NOW + n) for n in range(count)]


@settings(deadline=None, max_examples=50)
@given(again=st.lists(st.integers(0, 299), max_size=6), later=st.integers(172, 300))
def test_a_swipe_is_counted_once_however_late_it_comes_again(again: list[int], later: int) -> None:
    # Given more swipes than are remembered, and some of them once more at any later time
    events = many_swipes(300)
    repeated = [*events[:later], *(events[n] for n in again if n < later), *events[later:]]
    assert viewer_after(*repeated).interests == viewer_after(*events).interests


def test_a_batch_that_is_sent_again_is_counted_once_although_it_is_stamped_anew() -> None:
    # Given as many swipes as one request may hold, of which the client got no answer
    events = many_swipes(100)
    again = [
        replace(event, data=event.data.model_copy(update={"ts_us": NOW + 1_000 + n})) for n, event in enumerate(events)
    ]
    assert viewer_after(*events, *again).interests == viewer_after(*events).interests


def test_states_of_before_that_remember_ids_alone_are_read() -> None:
    first = swipe(Action.LIKED)
    state = b'{"interests": {"cats": 2.0}, "counted": ["%s"]}' % first.id.encode()
    assert Viewer.model_validate_json(decide(first, state, NOW).state or b"{}").interests == {"cats": 2.0}


def test_what_the_feed_said_before_does_not_replace_what_it_said_since() -> None:
    one, other = ids.video_id("one"), ids.video_id("other")
    old, new = served(one, ts_us=NOW), served(other, ts_us=NOW + 1)
    assert viewer_after(old, new, old).ready == (other,)


def test_an_event_that_comes_again_asks_for_other_videos_by_other_events() -> None:
    # Given a swipe that asked for videos, all of which are there and seen when it comes once more
    first = decide(swipe(), None, NOW)
    wanted = [event.video_id for event in prefetched(first)]
    seen = Viewer.model_validate_json(first.state or b"{}").model_copy(update={"pending": {}, "seen": tuple(wanted)})
    again = decide(swipe(), seen.model_dump_json().encode(), NOW)
    prompts = {
        e.id: e.data.video_id for d in (first, again) for e, _ in d.effects if isinstance(e.data, PromptSubmitted)
    }
    assert len(prompts) == len(set(prompts.values())) == 10


@given(st.lists(st.tuples(st.sampled_from(list(Action)), st.sampled_from("abcdefgh")), max_size=120))
def test_interests_stay_bounded(history: list[tuple[Action, str]]) -> None:
    interests: dict[str, float] = {}
    for action, subject in history:
        data = swipe(action).data
        assert isinstance(data, SwipeRecorded)
        interests = learn(interests, data.model_copy(update={"subject": subject}))
    assert len(interests) <= 32 and all(abs(weight) <= LIMIT for weight in interests.values())


def test_ideas_do_not_repeat_for_a_long_time() -> None:
    liked = {"cats": 3.0, "coffee": 2.0, "chess": 1.0}
    made = [idea(liked, number, "v1") for number in range(24)]
    assert len({one.text for one in made}) == len(made)
    assert {one.subject for one in made} & set(liked) == set(liked)
    assert any(one.subject not in liked for one in made), "one in four explores"


def test_what_a_viewer_dislikes_is_not_made_for_them() -> None:
    disliked = dict.fromkeys(random.Random(1).sample(STARTERS, 10), -3.0)
    assert not {idea(disliked, number, "v1").subject for number in range(40)} & set(disliked)


def test_every_angle_names_its_subject() -> None:
    assert all("{subject}" in text for _, text in ANGLES)
