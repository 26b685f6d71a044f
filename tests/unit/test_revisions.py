"""Revisions: what follows from a request, two of them at a time, and who sees which."""

from __future__ import annotations

from typing import Any

from infra.flavors import JudgeSpec, Moderation
from processors import videos
from processors.prompts import decide_with
from processors.works import Work, works
from query_api.gateway.entries import entry
from query_api.gateway.tokens import Cut
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.states import Status, VideoState, state
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.prompts import Changes, RevisionRequested
from schemas.takes import Regeneration, SceneTake, Take
from schemas.tasks import AssembleVideo, RenderScene, WriteScript
from schemas.values import Lane, Origin
from schemas.videos import PromptRejected, RevisionDropped, RevisionPromoted, ScriptWritten, VideoPublished
from tests.unit.gateway_kit import received
from tests.unit.read_kit import apply, life, published, script
from tests.unit.test_processors import NOW, fold, rendered, scripted

VIDEO = ids.video_id("test")


def asked(revision: int = 2, **changes: Any) -> Envelope[RevisionRequested]:
    data = RevisionRequested(
        video_id=VIDEO, revision=revision, base_revision=1, changes=Changes(), operator="ann", reason="a test",
        lane=Lane.BULK, text="Why do cats purr?", origin=Origin.PERSON, flavor="default",
        regeneration=Regeneration(base_revision=1), ts_us=NOW,
    )  # fmt: skip
    return root(data.model_copy(update=changes), source="/test", event_id=ids.derive("asked", "test", revision))


def effects(event: Envelope[Message]) -> list[Message]:
    return [envelope.data for envelope, _ in decide_with(lambda _flavor: Moderation())(event, None, NOW).effects]


def tasks(event: Envelope[Message]) -> list[RenderScene]:
    decided = videos.decide(event, None, NOW)
    return [envelope.data for envelope, _ in decided.effects if isinstance(envelope.data, RenderScene)]


def test_with_its_script_no_writer_is_asked() -> None:
    _, accepted, kept = effects(asked(script=script(2)))
    assert isinstance(kept, ScriptWritten)
    assert (kept.revision, kept.reused, kept.cost.amount, kept.lane) == (2, True, 0, Lane.BULK)
    assert accepted.ts_us < kept.ts_us  # type: ignore[attr-defined]


def test_without_a_script_one_is_written_from_what_the_event_holds() -> None:
    *_, task = effects(asked(text="Why do dogs bark?", replay_id=ids.fresh()))
    assert isinstance(task, WriteScript)
    assert (task.text, task.revision) == ("Why do dogs bark?", 2) and task.replay_id


def test_a_new_text_is_moderated_too() -> None:
    _, rejected = effects(asked(text="how to build a pipe bomb at home"))
    assert isinstance(rejected, PromptRejected) and rejected.revision == 2


def test_the_seed_of_a_scene_does_not_depend_on_the_revision() -> None:
    first, second = tasks(scripted()), tasks(scripted(revision=2))
    assert [task.seed for task in first] == [task.seed for task in second]
    assert first[0].scene_id != second[0].scene_id


def test_only_the_scenes_that_shall_be_redone_are_made_another_way() -> None:
    how = Regeneration(base_revision=1, scenes=(SceneTake(scene_number=2, seed=7, voice="en-gb"),))
    before, after = tasks(scripted()), tasks(scripted(revision=2, regeneration=how))
    assert [one.seed == two.seed for one, two in zip(before, after, strict=True)] == [True, False, True]
    assert [task.voice for task in after] == [None, "en-gb", None]


def test_what_holds_for_all_scenes_reaches_all_of_them() -> None:
    how = Regeneration(base_revision=1, take=Take(flavor="example", model="procedural"))
    assert {(task.flavor, task.model) for task in tasks(scripted(revision=2, regeneration=how))} == {
        ("example", "procedural")
    }


def test_two_revisions_are_made_side_by_side() -> None:
    # given two revisions of three scenes each, their scenes mixed
    second = [of(rendered(number), 2) for number in (1, 2, 3)]
    events = [scripted(), scripted(revision=2), rendered(1), second[0], second[1], rendered(2), rendered(3), second[2]]
    # when they are folded
    state_, made = fold(events)
    # then each gets its assembly, of its own scenes
    assemblies = [effect.data for effect in made if isinstance(effect.data, AssembleVideo)]
    assert [task.revision for task in assemblies] == [1, 2]
    assert set(works(state_).works) == {1, 2}
    # and what is published is forgotten, the other is not
    done = published(VIDEO, NOW)
    assert set(works(videos.decide(done, state_, NOW).state).works) == {2}


def test_a_state_of_before_there_were_revisions_is_read() -> None:
    kept, _ = fold([scripted(), rendered(1)])
    old = works(kept).works[1].model_dump_json().encode()
    assert works(old).works == {1: Work.model_validate_json(old)}


def of(event: Envelope[Message], revision: int) -> Envelope[Message]:
    data = event.data.model_copy(update={"revision": revision})
    return Envelope(id=ids.derive(event.id, "again"), source="/test", correlation_id="c", data=data)


def promoted(video: str, listed_us: int, ts_us: int, revision: int = 2) -> Envelope[Message]:
    shown = published(video, ts_us, revision=revision, title=f"Revision {revision}").data
    data = RevisionPromoted(**shown.model_dump(), listed_us=listed_us, by="ann")
    return root(data, source="/test", event_id=ids.derive(video, "promoted", revision))


async def shown(events: list[Envelope[Message]]) -> tuple[VideoState | None, list[dict[str, Any]]]:
    store = MemoryStore()
    apply(store, events)
    read = ReadModel(store)
    return state(await read.revisions(VIDEO), await read.scenes(VIDEO)), list(store.rows("feed_global"))


async def test_a_candidate_is_in_no_feed_and_a_promoted_one_takes_the_place_of_the_first() -> None:
    now = now_us()
    first = life(VIDEO, now)
    listed = first[-1].data.ts_us  # type: ignore[attr-defined]
    candidate: Envelope[Message] = published(VIDEO, now + 100, revision=2)
    found, feed = await shown([*first, candidate])
    assert found is not None and (found.revision, [row["revision"] for row in feed]) == (1, [1])
    # when it is promoted, in whatever order the events are read
    events = [*first, candidate, promoted(VIDEO, listed, now + 200)]
    forwards, backwards = await shown(events), await shown(events[::-1])
    assert forwards == backwards
    found, feed = forwards
    # then it is the one row of the feed, where the first was
    assert found is not None and (found.revision, found.status) == (2, Status.PUBLISHED)
    assert [(row["published_us"], row["revision"]) for row in feed] == [(listed, 2)]
    assert found.card is not None and found.card.title == "Revision 2"


async def test_promoting_the_first_again_takes_the_second_back() -> None:
    now = now_us()
    first = life(VIDEO, now)
    listed = first[-1].data.ts_us  # type: ignore[attr-defined]
    events = [*first, published(VIDEO, now + 100, revision=2), promoted(VIDEO, listed, now + 200)]
    found, feed = await shown([*events, promoted(VIDEO, listed, now + 300, revision=1)])
    assert found is not None and found.revision == 1
    assert [row["revision"] for row in feed] == [1]


def test_the_public_hears_nothing_of_a_candidate_nor_of_its_end() -> None:
    now = now_us()
    events: list[Message] = [
        published(VIDEO, now, revision=2).data,
        promoted(VIDEO, now, now + 1).data,
        RevisionDropped(video_id=VIDEO, revision=2, ts_us=now, by="ann"),
    ]
    made, *ended = [entry(received(event, 0), 1, "", Cut("0" * 12, (1,))) for event in events]
    # those who watch it are told that it is there
    assert made is not None and made.public is None and made.revision == 2 and b'"ready"' in made.private
    # nobody that it is shown by hand, and they that it is dropped
    by_hand, dropped = ended
    assert by_hand is None
    assert dropped is not None and dropped.public is None and b'"dropped"' in dropped.private
    first = entry(received(published(VIDEO, now).data, 0), 1, "", Cut("0" * 12, (1,)))
    assert first is not None and first.public is not None


def test_a_candidate_of_a_prefetch_settles_nothing() -> None:
    data = published(VIDEO, NOW, revision=2, origin=Origin.PREFETCH, viewer_id="v1")
    assert isinstance(data.data, VideoPublished)
    assert videos.decide(data, None, NOW).effects == ()


def test_where_models_judge_a_script_that_came_along_goes_to_them() -> None:
    # given a flavor in which not only the rules judge scripts
    policy = Moderation(judges=(JudgeSpec(backend="rules"), JudgeSpec(backend="openai", url="http://localhost:9/v1")))
    decide = decide_with(lambda _flavor: policy)
    # when a revision comes with a script
    given = script(2)
    *_, task = [envelope.data for envelope, _ in decide(asked(script=given), None, NOW).effects]
    # then it is judged before a scene is made of it
    assert isinstance(task, WriteScript) and task.script == given
    # and where they judge pictures only, it is not
    pictures = policy.model_copy(update={"judges": (JudgeSpec(backend="classifier", content=("frames",)),)})
    *_, kept = [e.data for e, _ in decide_with(lambda _flavor: pictures)(asked(script=given), None, NOW).effects]
    assert isinstance(kept, ScriptWritten)
