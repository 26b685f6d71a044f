"""One try at a video: joined, signed, its smaller versions beside it, and looked at before it counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_consumers.assembly.assemble import AssembledVideo, SceneClip, assemble
from gpu_consumers.assembly.gates import Expected, failures
from gpu_consumers.errors import BackendError, QualityError
from gpu_consumers.ports import Failure, SmallClip, Speech
from gpu_consumers.provenance.certificates import Identity
from gpu_consumers.provenance.manifest import made as told
from gpu_consumers.provenance.manifest import manifest
from gpu_consumers.provenance.sign import signed
from gpu_consumers.stages import wav
from gpu_consumers.stages.sounds import Sounds
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor
from infra.storage.digest import sha256
from infra.version import code_version
from schemas.tasks import AssembleVideo, ScenePart
from schemas.values import Artifact


class RejectedVideoError(QualityError):
    """The video did not pass its gates twice. `debug` names what was made all the same."""

    def __init__(self, message: str, debug: tuple[Artifact, ...]) -> None:
        super().__init__(message)
        self.debug = debug


@dataclass(frozen=True, kw_only=True)
class Try:
    """What was made, if anything, and what is wrong with it."""

    parts: tuple[ScenePart, ...]
    seed: int
    made: AssembledVideo | None
    wrong: tuple[Failure, ...]

    @property
    def reason(self) -> str:
        """What is wrong, in one line."""
        return "; ".join(f"{failure.gate}: {failure.reason}" for failure in self.wrong)


def tried(
    shop: Workshop, task: AssembleVideo, flavor: Flavor, parts: Sequence[ScenePart], *,
    mood: str, seed: int, who: Identity | None, folder: Path,
) -> Try:  # fmt: skip
    """Make the video in that folder, and say what is wrong with it."""
    try:
        made = assemble(
            [_clip(shop, part, flavor, task) for part in parts],
            title=task.script.title, mood=mood, seed=seed, out=folder / "video.mp4", fps=flavor.fps, shelf=Sounds(shop),
        )  # fmt: skip
        if who:
            _sign(made, task, parts, who)
    except BackendError as error:
        return Try(parts=tuple(parts), seed=seed, made=None, wrong=(Failure("file", str(error)),))
    width, height = flavor.size
    expected = Expected(width=width, height=height, fps=flavor.fps, frames=made.frames)
    return Try(parts=tuple(parts), seed=seed, made=made, wrong=tuple(failures(made.path, expected, made.heard)))


def debugged(shop: Workshop, task: AssembleVideo, tries: Sequence[Try]) -> tuple[Artifact, ...]:
    """What was made, kept in the media store: the last file, and a report of every try."""
    report = {
        "video_id": task.video_id,
        "revision": task.revision,
        "tries": [
            {
                "seed": each.seed,
                "wrong": [vars(failure) for failure in each.wrong],
                "scenes": [part.model_dump(mode="json", exclude={"words"}) for part in each.parts],
            }
            for each in tries
        ],
    }
    kept = [shop.blobs.put_bytes(json.dumps(report, indent=1).encode(), "json")]
    last = next((each.made for each in reversed(tries) if each.made), None)
    return (*kept, shop.blobs.put_file(last.path, "mp4")) if last else tuple(kept)


def _sign(made: AssembledVideo, task: AssembleVideo, parts: Sequence[ScenePart], who: Identity) -> None:
    code = code_version()
    about = told(task.model_copy(update={"parts": tuple(parts)}), code)
    for path in (made.path, made.preview, *(small.path for small in made.renditions)):
        content = sha256(path)
        unsigned = path.replace(path.with_name(f"unsigned-{path.name}"))
        signed(unsigned, manifest(about, title=task.script.title, version=code, content=content), who, path)


def _clip(shop: Workshop, part: ScenePart, flavor: Flavor, task: AssembleVideo) -> SceneClip:
    scene = next(each for each in task.script.scenes if each.scene_number == part.scene_number)
    smalls = (
        SmallClip(path=shop.blobs.path(small.artifact.name), width=small.width, height=small.height)
        for small in part.renditions
        if min(small.width, small.height) in flavor.renditions
    )
    return SceneClip(
        path=shop.blobs.path(part.clip.name),
        speech=_speech(shop, part),
        words=part.words,
        title=scene.on_screen_text or f"Scene {part.scene_number}",
        renditions=tuple(smalls),
    )


def _speech(shop: Workshop, part: ScenePart) -> Speech | None:
    if part.audio is None:
        return None
    samples, sample_rate = wav.read(shop.blobs.path(part.audio.name))
    return Speech(samples=samples, sample_rate=sample_rate, words=part.words)
