"""From a video's history to its next revision; promoting, dropping and comparing revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infra.errors import NotFoundError
from producers.replay.compare import compare
from producers.replay.errors import ChangeError, NotRegenerableError, UnknownRevisionError
from producers.replay.history import History
from producers.replay.request import Order, request
from producers.replay.sheet import sheet
from producers.replay.verdicts import drop, promote
from schemas.prompts import Changes
from schemas.takes import SceneTake, Take
from schemas.videos import RevisionPromoted, ScriptWritten, VideoFailed
from tests.unit.replay_kit import NOW, video


def order(redo: tuple[int, ...] = (), base: int | None = None, **changes: Any) -> Order:
    return Order(changes=Changes(**changes), operator="ann", reason="a test", redo=redo, base=base)


def test_nothing_changed_keeps_the_script_and_every_take() -> None:
    history = video(1)
    asked = request(history, order())
    assert (asked.revision, asked.base_revision, asked.text) == (2, 1, "Why do cats purr?")
    assert asked.script == history.revisions[1].script.script  # type: ignore[union-attr]
    assert asked.regeneration.for_scene(1) == Take()
    assert asked.ts_us > history.last_us


@pytest.mark.parametrize("changes", [{"text": "Dogs"}, {"archetype": "list"}, {"flavor": "example"}])
def test_another_text_archetype_or_flavor_asks_for_another_script(changes: dict[str, str]) -> None:
    asked = request(video(1), order(**changes))
    assert asked.script is None
    assert {name: getattr(asked, name) for name in changes} == changes
    assert asked.regeneration.take.flavor is None, "the video's own flavor says it already"


def test_a_voice_for_all_keeps_the_script() -> None:
    asked = request(video(1), order(voice="en-gb"))
    assert asked.script is not None and asked.regeneration.take == Take(voice="en-gb")


def test_scenes_to_redo_without_saying_how_get_another_seed_said_in_the_event() -> None:
    asked = request(video(1), order(redo=(2,)))
    assert asked.changes == Changes(seed=2)
    assert asked.regeneration.scenes == (SceneTake(scene_number=2, seed=2),)
    assert asked.regeneration.take == Take()


def test_changes_add_up_over_revisions() -> None:
    # given a second revision with another voice, and a third that redoes one of its scenes
    history = video(1)
    history.learn(request(history, order(voice="en-gb")))
    third = request(history, order(redo=(1,), base=2, seed=9))
    assert third.regeneration.for_scene(1) == SceneTake(scene_number=1, voice="en-gb", seed=9)
    assert third.regeneration.for_scene(2) == Take(voice="en-gb")
    # when the next one changes the voice of all
    history.learn(third)
    fourth = request(history, order(base=3, voice="en-us"))
    # then the scene that was redone keeps its seed
    assert fourth.revision == 4
    assert fourth.regeneration.for_scene(1) == SceneTake(scene_number=1, voice="en-us", seed=9)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (order(redo=(9,)), ChangeError),
        (order(redo=(1,), text="Dogs"), ChangeError),
        (order(base=7), UnknownRevisionError),
        (order(flavor="no-such-flavor"), NotFoundError),
    ],
)
def test_what_does_not_go_together_is_refused(asked: Order, reason: type[Exception]) -> None:
    history = video(1)
    with pytest.raises(reason):
        request(history, asked)


def test_scenes_without_a_script_cannot_be_redone() -> None:
    history = video(1)
    history.revisions[1].script = None
    with pytest.raises(NotRegenerableError):
        request(history, order(redo=(1,)))


def test_a_video_without_a_prompt_cannot_be_made_again() -> None:
    history = video(1)
    history.prompt = None
    with pytest.raises(NotRegenerableError):
        request(history, order())


def second(history: History, **changes: Any) -> History:
    """A second revision, published."""
    history.learn(request(history, order(voice="en-gb")))
    for event in _events(history):
        history.learn(event.model_copy(update={"revision": 2, "ts_us": event.ts_us + 500, **changes}))
    return history


def _events(history: History) -> list[Any]:
    one = history.revisions[1]
    return [one.script, *one.voices.values(), *one.scenes.values(), one.published]


def test_a_promoted_revision_takes_the_place_of_the_first_in_the_feeds() -> None:
    history = second(video(1))
    first = history.revisions[1].published
    envelope = promote(history, 2, "ann", "better", NOW)
    assert isinstance(envelope.data, RevisionPromoted) and first is not None
    assert (envelope.data.listed_us, envelope.data.video) == (first.ts_us, first.video)
    assert envelope.data.ts_us > history.last_us
    history.learn(envelope.data)
    assert history.live == 2


def test_promoting_the_first_again_makes_it_live_again() -> None:
    history = second(video(1))
    history.learn(promote(history, 2, "ann", "").data)
    history.learn(promote(history, 1, "ann", "").data)
    assert history.live == 1


def test_a_revision_of_a_video_that_never_was_in_the_feeds_enters_them_now() -> None:
    history = second(video(1))
    history.revisions[1].published = None
    data = promote(history, 2, "ann", "").data
    assert isinstance(data, RevisionPromoted) and data.listed_us == data.ts_us


def test_what_is_not_finished_cannot_be_promoted_and_what_is_shown_cannot_be_dropped() -> None:
    history = video(1)
    history.learn(request(history, order()))
    with pytest.raises(UnknownRevisionError):
        promote(history, 2, "ann", "")
    with pytest.raises(UnknownRevisionError):
        drop(history, 3, "ann", "")
    with pytest.raises(ChangeError):
        drop(history, 1, "ann", "")
    assert drop(history, 2, "ann", "worse").type == "RevisionDropped"


def test_the_same_is_told_to_be_the_same() -> None:
    history = second(video(1), reused=True)
    found = compare(history.revisions[1], history.revisions[2])
    assert (found.script, found.same_file) == ([], True)
    assert [(scene.state, scene.reused) for scene in found.scenes] == [("same", True)] * 2


def test_what_differs_is_told() -> None:
    history = second(video(1))
    two = history.revisions[2]
    assert isinstance(two.script, ScriptWritten)
    scenes = tuple(one.model_copy(update={"narration": "Dogs bark."}) for one in two.script.script.scenes)
    two.script = two.script.model_copy(
        update={"script": two.script.script.model_copy(update={"scenes": scenes})}
    )  # fmt: skip
    clip = two.scenes[1].clip.model_copy(update={"sha256": "cd" * 32})
    two.scenes[1] = two.scenes[1].model_copy(update={"clip": clip, "look": "wave"})
    del two.scenes[2]
    found = compare(history.revisions[1], two)
    assert "+1 hook: Dogs bark." in found.script and "-1 hook: Cats purr." in found.script
    assert [scene.state for scene in found.scenes] == ["changed", "removed"]
    assert found.scenes[0].looks == ("mesh", "wave")


def test_failures_are_kept_apart_from_what_was_published() -> None:
    history = video(1, "failed")
    assert isinstance(history.revisions[1].failed, VideoFailed)
    assert history.revisions[1].settled and history.cost.amount > 0


def test_a_contact_sheet_has_a_column_for_each_scene(tmp_path: Path, clip: Path) -> None:
    history = second(video(1))
    del history.revisions[2].scenes[2]
    sheet(history.revisions[1], history.revisions[2], lambda _name: clip, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (8 + 2 * (204 + 8), 2 * (26 + 360 + 8))
        colours = {picture.getpixel(place) for place in ((20, 100), (231, 100), (20, 500), (231, 500))}
    assert len(colours) == 2, "three frames, and one place that is empty"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of one colour, 135 x 240."""
    import av
    import numpy as np

    place = tmp_path / "clip.mp4"
    with av.open(str(place), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 136, 240, "yuv444p"
        for _ in range(10):
            pixels = np.full((240, 136, 3), 200, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return place
