"""Scene tasks: speak the narration, then draw the picture to its length."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers.cost import Meter
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import Clip, SceneRenderer, SceneSpec
from gpu_consumers.stages import wav
from gpu_consumers.stages.specs import scene_spec
from gpu_consumers.stages.takes import flavor_of
from gpu_consumers.voice.chain import VoiceChain
from gpu_consumers.workshop import SOURCE, Workshop
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from infra.version import code_version
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.tasks import RenderScene
from schemas.values import Artifact, Cost, Word
from schemas.videos import Fallback, SceneRendered, SceneVoiced, Stage


class Spoken(BaseModel):
    """What the index keeps of a narration."""

    audio: Artifact | None
    words: tuple[Word, ...]
    duration_ms: int
    voice: str
    fallbacks: tuple[Fallback, ...]


class Drawn(BaseModel):
    """What the index keeps of a clip."""

    clip: Artifact
    look: str
    model: str


def work(shop: Workshop, cause: Envelope[RenderScene]) -> list[Envelope[base.Message]]:
    """SceneVoiced (published at once) and SceneRendered. Raises BackendError."""
    task, flavor = cause.data, flavor_of(cause.data)
    spoken, voiced = _voice(shop, cause, flavor)
    shop.producer.publish_all([(voiced, None)])
    meter, renderer = Meter(shop.settings), ProceduralRenderer()
    spec = scene_spec(
        task.scene, scene_count=task.scene_count, title=task.title, language=task.language, flavor=flavor,
        words=spoken.words, spoken_ms=spoken.duration_ms, seed=task.seed,
    )  # fmt: skip
    key = fingerprint(kind="scene", spec=vars(spec), renderer=renderer.fingerprint())
    kept = shop.remembered(key, Drawn)
    drawn = kept or _draw(shop, cause, renderer, spec)
    if not kept:
        shop.remember(key, drawn)
    made = _rendered(cause, spec, spoken, drawn, renderer.name, voiced, meter.read(), reused=kept is not None)
    return [shop.first(made)]


def _voice(shop: Workshop, cause: Envelope[RenderScene], flavor: Flavor) -> tuple[Spoken, Envelope[SceneVoiced]]:
    task, meter, tell = cause.data, Meter(shop.settings), shop.progress(cause, Stage.VOICE)
    tell(0.0, None)
    chain = VoiceChain.of(flavor)
    key = fingerprint(
        kind="voice", text=task.scene.narration, language=task.language, voices=chain.fingerprint(),
    )  # fmt: skip
    kept = shop.remembered(key, Spoken)
    spoken = kept or _speak(shop, chain, task)
    if not kept:
        shop.remember(key, spoken)
    if task.scene.muted:
        spoken = spoken.model_copy(update={"audio": None})
    data = SceneVoiced(
        video_id=task.video_id,
        revision=task.revision,
        ts_us=base.rising(task.after_us),
        scene_id=task.scene_id,
        scene_number=task.scene.scene_number,
        reused=kept is not None,
        cost=meter.read(),
        **dict(spoken),
    )
    return spoken, shop.first(caused_by(cause, data, source=SOURCE, step="scene-voiced"))


def _speak(shop: Workshop, chain: VoiceChain, task: RenderScene) -> Spoken:
    said = chain.speak(task.scene.narration, language=task.language)
    return Spoken(
        audio=shop.blobs.put_bytes(wav.encode(said.speech), "wav"),
        words=said.speech.words,
        duration_ms=said.speech.duration_ms,
        voice=said.voice,
        fallbacks=said.fallbacks,
    )


def _draw(shop: Workshop, cause: Envelope[RenderScene], renderer: SceneRenderer, spec: SceneSpec) -> Drawn:
    with tempfile.TemporaryDirectory(prefix="scene-") as folder:
        clip: Clip = renderer.render(spec, Path(folder) / "clip.mp4", shop.progress(cause, Stage.SCENE))
        model = str(clip.details.get("model", renderer.name))
        return Drawn(clip=shop.blobs.put_file(clip.path, "mp4"), look=clip.look, model=model)


def _rendered(
    cause: Envelope[RenderScene], spec: SceneSpec, spoken: Spoken, drawn: Drawn, backend: str,
    voiced: Envelope[SceneVoiced], cost: Cost, *, reused: bool,
) -> Envelope[base.Message]:  # fmt: skip
    task = cause.data
    data = SceneRendered(
        video_id=task.video_id,
        revision=task.revision,
        ts_us=base.rising(voiced.data.ts_us),
        scene_id=task.scene_id,
        scene_number=task.scene.scene_number,
        scene_count=task.scene_count,
        clip=drawn.clip,
        audio=spoken.audio,
        words=spoken.words,
        duration_ms=spec.frames * 1000 // spec.fps,
        backend=backend,
        model=drawn.model,
        look=drawn.look,
        seed=task.seed,
        code=code_version(),
        reused=reused,
        cost=cost,
    )
    return caused_by(cause, data, source=SOURCE, step="scene-rendered")
