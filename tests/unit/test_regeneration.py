"""Regeneration through the real decisions and the real workers, without a broker: what is unchanged is not made again,
and what is made again from the same inputs has the same bytes."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest

from gpu_consumers.worker import STATIONS
from gpu_consumers.workshop import Workshop
from infra.flavors import Moderation
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from processors import videos
from processors.prompts import decide_with
from producers.replay.history import History, Revision
from producers.replay.request import Order, request
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.prompts import Changes, PromptSubmitted
from schemas.scripts import Scene, Script
from schemas.takes import Regeneration, Take
from schemas.values import Format, Lane, Origin
from schemas.videos import ScriptWritten
from schemas.works import Cost

pytestmark = pytest.mark.timeout(240)

VIDEO = ids.video_id("regeneration")
NARRATIONS = ("Cats purr.", "They like it.")


@dataclass
class Line:
    """Every part of the flow in one thread: events and tasks wait in a queue, everything published is learnt."""

    folder: Path
    waiting: deque[Envelope[Any]] = field(default_factory=deque)
    history: History = field(default_factory=lambda: History(VIDEO))
    state: bytes | None = None

    def __post_init__(self) -> None:
        self.shop = Workshop(
            settings=Settings(data_dir=self.folder), blobs=LocalBlobStore(self.folder / "media"),
            index=LocalArtifactIndex(self.folder / "artifacts"), producer=self, name="test",  # type: ignore[arg-type]
        )  # fmt: skip

    def publish_all(self, envelopes: list[tuple[Envelope[Any], str | None]]) -> None:
        self.waiting += [envelope for envelope, _ in envelopes]

    def send(self, _progress: Envelope[Any]) -> None:
        """Progress is of no interest here."""

    def run(self, first: Message) -> Revision:
        """Everything that follows from an event; the newest revision."""
        self.waiting.append(root(first, source="/test"))
        while self.waiting:
            self._take(self.waiting.popleft())
        return self.history.revisions[self.history.newest]

    def _take(self, envelope: Envelope[Any]) -> None:
        self.history.learn(envelope.data)
        work = {station.stage.value: station.work for station in STATIONS}
        match envelope.type:
            case "WriteScript" | "RenderScene" | "AssembleVideo":
                stage = {"WriteScript": "script", "RenderScene": "scene", "AssembleVideo": "assembly"}[envelope.type]
                self.waiting += work[stage](self.shop, envelope)
            case "PromptSubmitted" | "RevisionRequested":
                self.publish_all(list(decide_with(lambda _flavor: Moderation())(envelope, None, now_us()).effects))
            case _:
                decision = videos.decide(envelope, self.state, now_us())
                self.state = decision.state
                self.publish_all(list(decision.effects))


def order(redo: tuple[int, ...] = (), **changes: Any) -> Order:
    return Order(changes=Changes(**changes), operator="ann", reason="a test", redo=redo)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A published video of two short scenes."""
    line = Line(tmp_path_factory.mktemp("line"))
    asked = PromptSubmitted(
        video_id=VIDEO, text="Why do cats purr?", origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=now_us()
    )
    line.history.learn(asked)
    scenes = tuple(
        Scene(scene_number=number, beat="hook", narration=text, visuals="a cat", duration_s=1)
        for number, text in enumerate(NARRATIONS, 1)
    )
    script = Script(title="Cats", subject="cats", archetype="list", scenes=scenes)
    line.run(
        ScriptWritten(
            video_id=VIDEO, ts_us=now_us(), script=script, writer="test", origin=Origin.PERSON,
            lane=Lane.INTERACTIVE, flavor="default", cost=Cost(), asked_us=asked.ts_us,
        )
    )  # fmt: skip
    return line


def media(revision: Revision) -> list[str]:
    assert revision.published is not None
    clips = [revision.scenes[number].clip.sha256 for number in sorted(revision.scenes)]
    captions = revision.published.captions
    return [
        revision.published.video.sha256,
        revision.published.cover.sha256,
        (captions and captions.sha256) or "",
        *clips,
    ]


def test_with_nothing_changed_everything_is_reused(line: Line) -> None:
    first = line.history.revisions[1]
    again = line.run(request(line.history, order()))
    assert again.number > 1 and media(again) == media(first)
    assert all(scene.reused for scene in (*again.scenes.values(), *again.voices.values()))
    assert again.script is not None and again.script.reused
    assert again.cost.cpu_seconds < first.cost.cpu_seconds / 2


def test_without_the_index_of_artefacts_it_is_made_again_byte_by_byte(line: Line) -> None:
    # given that nothing is known of what was made, and the files are gone too
    first = line.history.revisions[1]
    shutil.rmtree(line.folder / "artifacts")
    shutil.rmtree(line.folder / "media")
    # when it is made once more
    again = line.run(request(line.history, order()))
    # then every file is the same
    assert not any(scene.reused for scene in again.scenes.values())
    assert media(again) == media(first)


def test_one_scene_redone_leaves_the_others_as_they_are(line: Line) -> None:
    first = line.history.revisions[1]
    again = line.run(request(line.history, order(redo=(2,))))
    assert [again.scenes[number].reused for number in (1, 2)] == [True, False]
    assert again.voices[2].reused, "its words are the same"
    assert again.scenes[1].clip == first.scenes[1].clip and again.scenes[2].clip != first.scenes[2].clip


def test_another_voice_for_one_scene_speaks_that_scene_alone(line: Line) -> None:
    first = line.history.revisions[1]
    again = line.run(request(line.history, order(redo=(1,), voice="en-gb")))
    assert [again.voices[number].reused for number in (1, 2)] == [False, True]
    assert again.voices[1].audio != first.voices[1].audio
    assert again.scenes[2].reused and again.scenes[1].seed == first.scenes[1].seed


def test_the_format_and_the_voice_that_a_prompt_asks_for_stay_in_every_revision(tmp_path: Path) -> None:
    # given a video in another format and voice than its flavor's
    line = Line(tmp_path)
    scene = Scene(scene_number=1, beat="hook", narration=NARRATIONS[0], visuals="a cat", duration_s=1)
    asked = PromptSubmitted(
        video_id=VIDEO, text="Why do cats purr?", origin=Origin.PERSON, lane=Lane.INTERACTIVE, format=Format.SQUARE,
        script=Script(title="Cats", subject="cats", archetype="list", scenes=(scene,)),
        regeneration=Regeneration(base_revision=1, take=Take(voice="en-gb")), ts_us=now_us(),
    )  # fmt: skip
    first = line.run(asked)
    # then that is what its pictures are
    assert first.published is not None and first.published.format is Format.SQUARE
    with av.open(str(line.shop.blobs.path(first.published.video.name))) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (1080, 1080)
    # and those of the next revision are the same
    again = line.run(request(line.history, order()))
    assert again.number == 2 and again.published is not None and again.published.format is Format.SQUARE
    assert media(again) == media(first) and again.voices[1].audio == first.voices[1].audio
