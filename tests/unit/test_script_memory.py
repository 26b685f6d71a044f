"""What a viewer has heard is not said to them again, and the log alone says how each script came about."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gpu_consumers.ports import Brief
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.memory import VIDEOS, Heard, mark, marks_of
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.stages import script as stage
from gpu_consumers.workshop import Workshop
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from processors.ideas import ideas
from schemas import ids
from schemas.envelope import Envelope, root
from schemas.scripts import Scene, Script
from schemas.tasks import WriteScript
from schemas.values import Lane, Origin
from schemas.videos import ScriptWritten


def script(*narrations: str) -> Script:
    scenes = tuple(
        Scene(scene_number=n, beat="point", narration=text, visuals="x", duration_s=1)
        for n, text in enumerate(narrations, 1)
    )
    return Script(title="T", subject="t", archetype="list", scenes=scenes)


def words(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


@pytest.mark.parametrize("interests", [{"cats": 3.0, "coffee": 2.0, "sleep": 1.0}, {"cats": 3.0}, {}])
def test_fifty_videos_made_ahead_for_a_viewer_never_say_a_sentence_twice(interests: dict[str, float]) -> None:
    # Given what a viewer of these interests is given ahead
    heard, said, covers = Heard(), set[str](), set[str]()
    for number, idea in enumerate(islice(ideas(interests, 0, "anna"), VIDEOS)):
        brief = Brief(
            prompt=idea.text, archetype=idea.archetype, target_seconds=30, language="en", seed=number,
            heard=heard.marks,
        )  # fmt: skip
        # When each is written with what was heard before
        written = TemplateWriter().write(brief)
        heard = heard.and_(str(number), written)
        now = {mark(s): s for scene in written.scenes for s in sentences(scene.narration)}
        # Then only the prompt's own words come again
        assert [s for key, s in now.items() if key in said and words(s) not in words(idea.text)] == []
        said |= now.keys()
        # Then the words on the cover are new, too
        cover = written.scenes[0].on_screen_text
        assert mark(cover) not in covers or words(cover) in words(idea.text), cover
        covers.add(mark(cover))
        assert len(written.scenes) >= 3


def test_a_mark_stands_for_the_words_alone() -> None:
    assert mark("Number two: look at cats.") == mark("Number seven: Look at CATS!") == mark("look at cats")
    assert mark("Look at cats.") != mark("Look at dogs.") and mark("…") == ""


def test_fifty_videos_are_remembered_and_a_task_that_comes_again_knows_what_it_knew() -> None:
    heard = Heard()
    for number in range(VIDEOS + 5):
        heard = heard.and_(f"v{number}/1", script(f"This is sentence {number}."))
    assert heard.before("new").videos == tuple(f"v{number}" for number in range(5, VIDEOS + 5))
    assert heard.before("v7/1").videos == tuple(f"v{number}" for number in range(7))
    # written again, it takes its old place
    again = heard.and_("v7/1", script("Something else."))
    assert again.videos == heard.videos and mark("something else") in again.marks


class Silent:
    """A producer to whom progress is told."""

    def send(self, _progress: Envelope[Any]) -> None: ...


def shop(folder: Path) -> Workshop:
    return Workshop(
        settings=Settings(data_dir=folder), blobs=LocalBlobStore(folder / "media"),
        index=LocalArtifactIndex(folder / "artifacts"), producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def task(number: int, viewer: str | None = "anna", origin: Origin = Origin.PREFETCH) -> Envelope[WriteScript]:
    video = ids.video_id(f"{viewer}-{number}")
    data = WriteScript(
        video_id=video, origin=origin, lane=Lane.PREFETCH, flavor="default", viewer_id=viewer, after_us=1,
        text="A hot take on cats", archetype="hot-take", deadline_us=2,
    )  # fmt: skip
    return root(data, source="/test", event_id=video)


def write(where: Workshop, asked: Envelope[WriteScript]) -> ScriptWritten:
    *_, written = stage.work(where, asked)
    assert isinstance(written.data, ScriptWritten)
    return written.data


def test_a_script_says_when_its_video_should_be_there(tmp_path: Path) -> None:
    assert write(shop(tmp_path), task(1)).deadline_us == 2


def test_every_script_can_be_made_again_from_the_log(tmp_path: Path) -> None:
    # Given a starter for everyone, and six videos for one viewer
    where = shop(tmp_path)
    log = [write(where, task(0, None, Origin.STARTER)), *(write(where, task(n)) for n in range(6))]
    by_id = {event.video_id: event for event in log}
    assert [len(event.avoided) for event in log] == [0, 1, 2, 3, 4, 5, 6]
    for event in log:
        # When a script is written again from what its event says was avoided
        brief = Brief(
            prompt="A hot take on cats", archetype="hot-take", target_seconds=30, language="en",
            seed=ids.seed(event.video_id), heard=marks_of(by_id[video].script for video in event.avoided),
        )  # fmt: skip
        # Then it is the same
        assert TemplateWriter().write(brief) == event.script


def test_a_task_that_comes_again_gives_the_same_script_and_says_that_it_was_reused(tmp_path: Path) -> None:
    where = shop(tmp_path)
    first, second = write(where, task(1)), write(where, task(2))
    again = write(where, task(1))
    assert again.script == first.script and again.reused and again.avoided == first.avoided
    assert second.script.scenes != first.script.scenes


@pytest.mark.parametrize(("origin", "told"), [(Origin.PERSON, True), (Origin.REPLAY, True), (Origin.PREFETCH, False)])
def test_what_a_person_asks_is_answered_though_everyone_has_heard_it(
    tmp_path: Path, origin: Origin, told: bool
) -> None:
    where, question = shop(tmp_path), "Why do cats purr?"
    asking = [task(0, None, Origin.STARTER), task(1, "anna", origin)]
    first, again = (
        write(where, replace(each, data=each.data.model_copy(update={"text": question, "archetype": None})))
        for each in asking
    )
    answer = first.script.scenes[-2].narration.partition(". ")[2]
    assert any(answer in scene.narration for scene in again.script.scenes) is told


def test_viewers_do_not_know_of_one_another_and_who_has_no_name_has_no_memory(tmp_path: Path) -> None:
    where = shop(tmp_path)
    write(where, task(1))
    assert write(where, task(2, "ben")).avoided == write(where, task(3, None, Origin.API)).avoided == ()


def test_scripts_for_one_viewer_lie_in_one_partition() -> None:
    assert len({task(n).data.slot for n in range(5)}) == 1
    assert len({task(1, f"viewer-{n}").data.slot for n in range(40)}) == 40
    assert task(1, None, Origin.API).data.slot is None
