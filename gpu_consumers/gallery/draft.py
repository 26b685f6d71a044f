"""A draft: everything of a video but its pixels, from a prompt, without Kafka or a media store."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.ports import Brief, SceneSpec, Speech
from gpu_consumers.script.chain import WriterChain
from gpu_consumers.stages.specs import scene_spec
from gpu_consumers.voice.chain import VoiceChain
from infra.flavors import Flavor
from schemas import ids
from schemas.scripts import Script


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A script, its narration and what shall be drawn, scene by scene."""

    prompt: str
    video_id: str
    script: Script
    speech: tuple[Speech, ...]
    specs: tuple[SceneSpec, ...]


def draft(prompt: str, flavor: Flavor, *, seconds: float | None = None) -> Draft:
    """Write and speak, as the workers do for a prompt of that flavor. Raises `BackendError`."""
    video_id = ids.video_id(prompt)
    brief = Brief(
        prompt=prompt,
        archetype=None,
        target_seconds=seconds or flavor.target_seconds,
        language=flavor.language,
        seed=ids.seed(video_id),
    )
    script = WriterChain.of(flavor).write(brief).script
    voices = VoiceChain.of(flavor)
    speech = tuple(voices.speak(scene.narration, language=script.language).speech for scene in script.scenes)
    specs = tuple(_spec(script, n, said, flavor, video_id) for n, said in enumerate(speech))
    return Draft(prompt=prompt, video_id=video_id, script=script, speech=speech, specs=specs)


def _spec(script: Script, index: int, said: Speech, flavor: Flavor, video_id: str) -> SceneSpec:
    scene = script.scenes[index]
    return scene_spec(
        scene,
        scene_count=len(script.scenes),
        title=script.title,
        language=script.language,
        flavor=flavor,
        words=said.words,
        spoken_ms=said.duration_ms,
        seed=ids.scene_seed(video_id, scene.scene_number),
    )
