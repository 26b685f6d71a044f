"""Assembly tasks: join the scenes, lay the music under them, sign, look at it, publish."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gpu_consumers.assembly.assemble import fingerprint as recipe
from gpu_consumers.cost import Meter
from gpu_consumers.provenance.certificates import Identity, identity
from gpu_consumers.provenance.manifest import made as told
from gpu_consumers.stages.joining import RejectedVideoError, Try, debugged, tried
from gpu_consumers.stages.lost import completed
from gpu_consumers.stages.redo import other_seed, redrawn
from gpu_consumers.stages.takes import flavor_of
from gpu_consumers.workshop import SOURCE, Workshop
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.tasks import AssembleVideo, ScenePart
from schemas.values import Artifact, Rendition
from schemas.videos import Fallback, Stage, VideoPublished


class Joined(BaseModel):
    """What the index keeps of a finished video."""

    video: Artifact
    cover: Artifact
    captions: Artifact
    chapters: Artifact
    preview: Artifact
    renditions: tuple[Rendition, ...]
    credits: tuple[str, ...]
    fallbacks: tuple[Fallback, ...]
    duration_ms: int


def work(shop: Workshop, cause: Envelope[AssembleVideo]) -> list[Envelope[base.Message]]:
    """VideoPublished. Raises BackendError; `RejectedVideoError` for a video that did not pass its gates twice."""
    task, meter = cause.data, Meter(shop.settings)
    tell = shop.progress(cause, Stage.ASSEMBLY)
    tell(0.0, None)
    flavor = flavor_of(task)
    who = identity(shop.settings) if shop.settings.credentials else None
    key = _key(task, flavor, who)
    kept = shop.remembered(key, Joined)
    joined = kept or _join(shop, task, flavor, who)
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
        reused=kept is not None,
        draft=task.draft,
        **dict(joined),
    )
    return [caused_by(cause, data, source=SOURCE, step="published")]


def _key(task: AssembleVideo, flavor: Flavor, who: Identity | None) -> str:
    """Without the ids of the scenes: another revision of the same scenes is the same video. Without versions of code,
    too: what they change is in the scenes, or in the recipe."""
    parts = [part.model_dump(mode="json", exclude={"scene_id", "code"}) for part in task.parts]
    said = told(task, "").model_dump(mode="json", exclude={"code": True, "scenes": True}) if who else None
    return fingerprint(
        kind="video",
        recipe=recipe(),
        parts=parts,
        title=task.script.title,
        headings=[scene.on_screen_text for scene in task.script.scenes],
        mood=_mood(task, flavor),
        fps=flavor.fps,
        renditions=flavor.renditions,
        seed=ids.seed(task.video_id),
        said=said,
        signer=who.chain if who else None,
    )


def _mood(task: AssembleVideo, flavor: Flavor) -> str:
    return flavor.mood or task.script.mood


def _join(shop: Workshop, task: AssembleVideo, flavor: Flavor, who: Identity | None) -> Joined:
    """A video that passes its gates: the first, or else the second, with other seeds where something was wrong."""
    seed, task = ids.seed(task.video_id), completed(shop, task, flavor)
    with tempfile.TemporaryDirectory(prefix="video-") as name:
        folders = [Path(name) / "first", Path(name) / "second"]
        for folder in folders:
            folder.mkdir()
        common: dict[str, Any] = {"mood": _mood(task, flavor), "who": who}
        first = tried(shop, task, flavor, task.parts, seed=seed, folder=folders[0], **common)
        if not first.wrong:
            return _kept(shop, first, ())
        parts = redrawn(shop, task, flavor, first.wrong)
        second = tried(shop, task, flavor, parts, seed=other_seed(seed), folder=folders[1], **common)
        if not second.wrong:
            return _kept(shop, second, (Fallback(backend=f"seed {seed}", reason=first.reason[:2000]),))
        debug = debugged(shop, task, (first, second))
    raise RejectedVideoError(
        f"The video did not pass its quality gates, and made once more it did not either: {second.reason}.", debug
    )


def _kept(shop: Workshop, good: Try, fallbacks: tuple[Fallback, ...]) -> Joined:
    made = good.made
    assert made is not None, "what is not wrong was made"  # noqa: S101
    return Joined(
        video=shop.blobs.put_file(made.path, "mp4"),
        cover=shop.blobs.put_file(made.cover, "jpg"),
        captions=shop.blobs.put_file(made.captions, "vtt"),
        chapters=shop.blobs.put_file(made.chapters, "vtt"),
        preview=shop.blobs.put_file(made.preview, "mp4"),
        renditions=tuple(
            Rendition(artifact=shop.blobs.put_file(small.path, "mp4"), width=small.width, height=small.height)
            for small in made.renditions
        ),
        credits=_credits(good.parts),
        fallbacks=fallbacks,
        duration_ms=made.duration_ms,
    )


def _credits(parts: tuple[ScenePart, ...]) -> tuple[str, ...]:
    """Who made the footage, each once, in the order of the scenes."""
    each = (part.footage.credit[:200] for part in parts if part.footage and part.footage.credit)
    return tuple(dict.fromkeys(each))[:20]
