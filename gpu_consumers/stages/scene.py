"""Scene tasks: speak the narration, then draw the picture to its length."""

from __future__ import annotations

from pydantic import BaseModel

from gpu_consumers.cost import Meter
from gpu_consumers.ports import SceneSpec
from gpu_consumers.stages import gate, wav
from gpu_consumers.stages.drawing import Picture, draw
from gpu_consumers.stages.fallbacks import count_fallbacks
from gpu_consumers.stages.specs import scene_spec
from gpu_consumers.stages.takes import flavor_of
from gpu_consumers.voice.chain import VoiceChain
from gpu_consumers.workshop import SOURCE, CacheKind, Workshop
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from infra.telemetry import metrics
from infra.version import code_version
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.scripts import Word
from schemas.tasks import RenderScene
from schemas.values import Artifact
from schemas.videos import Fallback, Judged, SceneRendered, SceneVoiced, Stage


class Spoken(BaseModel):
    """What the index keeps of a narration."""

    audio: Artifact | None
    words: tuple[Word, ...]
    duration_ms: int
    voice: str
    fallbacks: tuple[Fallback, ...]


def work(shop: Workshop, cause: Envelope[RenderScene]) -> list[Envelope[base.Message]]:
    """SceneVoiced (published at once), ContentJudged, and VideoFailed or SceneRendered, AnomalyFound where it is odd.

    Raises BackendError.
    """
    task, flavor = cause.data, flavor_of(cause.data)
    spoken, voiced = _voice(shop, cause, flavor)
    shop.producer.publish_all([(voiced, None)])
    spec = scene_spec(
        task.scene, scene_count=task.scene_count, title=task.title, language=task.language, flavor=flavor,
        words=spoken.words, spoken_ms=spoken.duration_ms, seed=task.seed,
    )  # fmt: skip
    picture = draw(shop, cause, flavor, spec)
    judgements = gate.on_clip(shop, picture.drawn.clip, flavor)
    judged = gate.told(cause, Judged.FRAMES, judgements, voiced.data.ts_us, task.scene.scene_number)
    if gate.refused(judged):
        return judged
    rendered = _rendered(cause, spec, spoken, picture, voiced.data.ts_us + len(judged))
    _count(task, rendered.data)
    odd = shop.alerts.judged(rendered.data)
    alerts = [caused_by(cause, odd, source=SOURCE, step="anomaly-found")] if odd else []
    return [*judged, rendered, *alerts]


def _count(task: RenderScene, scene: SceneRendered) -> None:
    """For alerts: what had to be made another way, and what came too late."""
    if not scene.reused:
        count_fallbacks(Stage.SCENE, scene.fallbacks)
    if task.deadline_us is not None and scene.ts_us > task.deadline_us:
        metrics.LATE.labels(lane=task.lane.value).inc()


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
        count_fallbacks(Stage.VOICE, spoken.fallbacks)
        shop.remember(key, spoken, CacheKind.VOICE)
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


def _rendered(
    cause: Envelope[RenderScene], spec: SceneSpec, spoken: Spoken, picture: Picture, after_us: int
) -> Envelope[SceneRendered]:
    task = cause.data
    data = SceneRendered(
        video_id=task.video_id,
        revision=task.revision,
        ts_us=base.rising(after_us),
        scene_id=task.scene_id,
        scene_number=task.scene.scene_number,
        scene_count=task.scene_count,
        clip=picture.drawn.clip,
        audio=spoken.audio,
        words=spoken.words,
        duration_ms=spec.frames * 1000 // spec.fps,
        backend=picture.backend,
        model=picture.drawn.model,
        look=picture.drawn.look,
        seed=picture.drawn.seed,
        footage=picture.drawn.footage,
        renditions=picture.drawn.renditions,
        code=code_version(),
        fallbacks=picture.fallbacks,
        work=picture.work,
        quality=picture.drawn.quality,
        reused=picture.reused,
        cost=picture.cost,
    )
    return caused_by(cause, data, source=SOURCE, step="scene-rendered")
