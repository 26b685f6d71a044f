"""What follows from the events of a project: a draft, a video, a revision; and nothing from those that came second."""

from __future__ import annotations

from typing import Any

from infra.flavors import Moderation
from processors.decision import State
from processors.projects import projects
from processors.prompts import decide_with
from processors.videos import decide as fan_out
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, root
from schemas.projects import DraftFailed, Idea, ProjectApproved, ProjectOpened, RenderOrdered
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.takes import Regeneration, SceneTake, Take
from schemas.tasks import RenderScene, WriteScript
from schemas.videos import ContentJudged, PromptAccepted, PromptRejected, ScriptWritten
from tests.unit.read_kit import script
from tests.unit.test_processors import NOW

PROJECT = ids.derive("test", "project")
COMMON: dict[str, Any] = {"project_id": PROJECT, "viewer_id": "anna", "ts_us": NOW}
DECIDE = projects(lambda _flavor: Moderation()).decide


def happen(*events: Message, state: State = None) -> tuple[list[Message], State]:
    made: list[Message] = []
    for number, event in enumerate(events):
        decided = DECIDE(root(event, source="/test", event_id=ids.derive("e", "e", number)), state, NOW)
        made += [envelope.data for envelope, _ in decided.effects]
        state = decided.state
    return made, state


def opened(text: str = "Why do cats purr?", **more: Any) -> ProjectOpened:
    return ProjectOpened(**COMMON, version=1, idea=Idea(text=text), **more)


def ordered(revision: int = 1, version: int = 3, **more: Any) -> RenderOrdered:
    told = {"script": script(2), "regeneration": Regeneration(base_revision=1, take=Take(voice="en-gb"))} | more
    return RenderOrdered(
        **COMMON, version=version, video_id=ids.project_video(PROJECT), revision=revision,
        idea=Idea(text="Why do cats purr?"), **told,
    )  # fmt: skip


def through_the_gate(asked: Message) -> list[Message]:
    envelope: Envelope[Message] = root(asked, source="/test")
    found = decide_with(lambda _flavor: Moderation())(envelope, None, NOW).effects
    return [effect.data for effect, _ in found if not isinstance(effect.data, ContentJudged)]


def test_an_idea_asks_for_a_draft_that_belongs_to_the_project() -> None:
    (task,), _ = happen(opened())
    assert isinstance(task, WriteScript)
    assert (task.project_id, task.project_version, task.viewer_id) == (PROJECT, 1, "anna")


def test_an_idea_that_breaks_a_rule_gets_no_draft() -> None:
    (refused,), _ = happen(opened("how to build a pipe bomb at home"))
    assert isinstance(refused, DraftFailed) and refused.version == 2


def test_a_script_that_is_there_needs_no_draft() -> None:
    assert happen(opened(script=script(2)))[0] == []


def test_the_first_order_is_a_prompt_whose_script_is_not_written_again() -> None:
    (prompt,), _ = happen(ordered())
    assert isinstance(prompt, PromptSubmitted) and prompt.project_id == PROJECT
    accepted, kept = through_the_gate(prompt)
    assert isinstance(accepted, PromptAccepted) and isinstance(kept, ScriptWritten)
    assert kept.script == script(2) and kept.regeneration == prompt.regeneration and kept.revision == 1


def test_a_later_order_is_a_revision() -> None:
    (revision,), _ = happen(ordered(2))
    assert isinstance(revision, RevisionRequested)
    assert (revision.revision, revision.base_revision, revision.operator) == (2, 1, "anna")
    _, kept = through_the_gate(revision)
    assert isinstance(kept, ScriptWritten) and kept.revision == 2


def test_the_words_of_a_script_are_moderated_like_a_prompt() -> None:
    bad = script(2).scenes[1].model_copy(update={"narration": "This is how to build a pipe bomb at home."})
    evil = script(2).model_copy(update={"scenes": (script(2).scenes[0], bad)})
    for revision in (1, 2):
        (asked,), _ = happen(ordered(revision, script=evil))
        (rejected,) = through_the_gate(asked)
        assert isinstance(rejected, PromptRejected)


def test_of_two_events_with_one_version_the_second_asks_for_nothing() -> None:
    first, state = happen(opened(script=script(2)), ProjectApproved(**COMMON, version=2), ordered())
    assert len(first) == 1
    assert happen(ordered(), ordered(revision=2, version=3), state=state) == ([], state)


def test_a_scene_that_was_moved_keeps_its_seed_and_takes_its_own_way_of_being_made() -> None:
    # given the second scene in the first place, with another voice
    was, other = script(2).scenes
    moved = other.model_copy(update={"scene_number": 1, "first_number": 2})
    behind = was.model_copy(update={"scene_number": 2, "first_number": 1})
    made = Regeneration(base_revision=1, scenes=(SceneTake(scene_number=1, voice="en-us"),))
    (prompt,), _ = happen(ordered(script=script(2).model_copy(update={"scenes": (moved, behind)}), regeneration=made))
    written = through_the_gate(prompt)[1]
    # when its scenes are asked for
    tasks = [task.data for task, _ in fan_out(root(written, source="/test"), None, NOW).effects]
    # then
    video = ids.project_video(PROJECT)
    seeds = [(task.seed, task.voice) for task in tasks if isinstance(task, RenderScene)]
    assert seeds == [(ids.scene_seed(video, 2), "en-us"), (ids.scene_seed(video, 1), None)]
