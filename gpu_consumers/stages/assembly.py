"""Assembly tasks: join the scenes, lay the music under them, publish."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers.assembly.assemble import AssembledVideo, SceneClip, assemble
from gpu_consumers.assembly.assemble import fingerprint as recipe
from gpu_consumers.assembly.gates import Expected, failures
from gpu_consumers.cost import Meter
from gpu_consumers.errors import QualityError
from gpu_consumers.ports import Speech
from gpu_consumers.stages import wav
from gpu_consumers.workshop import SOURCE, Workshop
from infra import flavors
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.tasks import AssembleVideo, ScenePart
from schemas.values import Artifact
from schemas.videos import Stage, VideoPublished


class Joined(BaseModel):
    """What the index keeps of a finished video."""

    video: Artifact
    cover: Artifact
    captions: Artifact
    duration_ms: int


def work(shop: Workshop, cause: Envelope[AssembleVideo]) -> list[Envelope[base.Message]]:
    """VideoPublished. Raises BackendError."""
    task, meter = cause.data, Meter(shop.settings)
    tell = shop.progress(cause, Stage.ASSEMBLY)
    tell(0.0, None)
    flavor = flavors.get_flavor(task.flavor)
    mood = flavor.mood or task.script.mood
    # Without the ids of the scenes: another revision of the same scenes is the same video.
    parts = [part.model_dump(mode="json", exclude={"scene_id"}) for part in task.parts]
    key = fingerprint(kind="video", recipe=recipe(), parts=parts, title=task.script.title, mood=mood, fps=flavor.fps)
    kept = shop.remembered(key, Joined)
    joined = kept or _join(shop, task, flavor, mood)
    if not kept:
        shop.remember(key, joined)
    tell(1.0, None)
    cost = meter.read()
    data = VideoPublished(
        video_id=task.video_id,
        revision=task.revision,
        ts_us=base.rising(task.after_us),
        title=task.script.title,
        subject=task.script.subject,
        archetype=task.script.archetype,
        flavor=task.flavor,
        origin=task.origin,
        viewer_id=task.viewer_id,
        format=flavor.format,
        scene_count=len(task.parts),
        cost=cost,
        total_cost=task.cost + cost,
        replay_id=task.replay_id,
        **dict(joined),
    )
    return [shop.first(caused_by(cause, data, source=SOURCE, step="published"))]


def _join(shop: Workshop, task: AssembleVideo, flavor: Flavor, mood: str) -> Joined:
    with tempfile.TemporaryDirectory(prefix="video-") as folder:
        made = assemble(
            [_clip(shop, part) for part in task.parts],
            title=task.script.title,
            mood=mood,
            seed=ids.seed(task.video_id),
            out=Path(folder) / "video.mp4",
            fps=flavor.fps,
        )
        _check(made, flavor)
        return Joined(
            video=shop.blobs.put_file(made.path, "mp4"),
            cover=shop.blobs.put_file(made.cover, "jpg"),
            captions=shop.blobs.put_file(made.captions, "vtt"),
            duration_ms=made.duration_ms,
        )


def _check(made: AssembledVideo, flavor: Flavor) -> None:
    """Nothing is published that does not play as it should."""
    width, height = flavor.size
    wrong = failures(made.path, Expected(width=width, height=height, fps=flavor.fps, frames=made.frames))
    if wrong:
        found = "; ".join(f"{failure.gate}: {failure.reason}" for failure in wrong)
        raise QualityError(f"The video did not pass its quality gates: {found}.")


def _clip(shop: Workshop, part: ScenePart) -> SceneClip:
    return SceneClip(
        path=shop.blobs.path(part.clip.name),
        speech=_speech(shop, part),
        words=part.words,
    )


def _speech(shop: Workshop, part: ScenePart) -> Speech | None:
    if part.audio is None:
        return None
    samples, sample_rate = wav.read(shop.blobs.path(part.audio.name))
    return Speech(samples=samples, sample_rate=sample_rate, words=part.words)
