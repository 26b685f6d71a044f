"""Files of scenes that are gone, or were damaged, are made again as they were: the task names seeds, not only files."""

from __future__ import annotations

from gpu_consumers.stages import wav
from gpu_consumers.stages.redo import drawn_again
from gpu_consumers.voice.chain import VoiceChain
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor
from infra.telemetry import logs
from schemas.scripts import Scene
from schemas.tasks import AssembleVideo, ScenePart

log = logs.get("lost")


def completed(shop: Workshop, task: AssembleVideo, flavor: Flavor) -> AssembleVideo:
    """The task, with the files of all its scenes held. Raises `BackendError`; narrations that a voice says another way
    than it did stay lost."""
    scenes = {scene.scene_number: scene for scene in task.script.scenes}
    parts = tuple(_whole(shop, task, flavor, part, scenes[part.scene_number]) for part in task.parts)
    return task.model_copy(update={"parts": parts})


def _whole(shop: Workshop, task: AssembleVideo, flavor: Flavor, part: ScenePart, scene: Scene) -> ScenePart:
    if part.audio and not shop.blobs.exists(part.audio):
        log.warning("spoken again: the file is gone", scene=part.scene_number, file=part.audio.name)
        said = VoiceChain.of(flavor).speak(scene.narration, language=task.script.language)
        shop.blobs.put_bytes(wav.encode(said.speech), part.audio.suffix)
    shown = (part.clip, *(small.artifact for small in part.renditions))
    if all(map(shop.blobs.exists, shown)):
        return part
    log.warning("drawn again: a file is gone", scene=part.scene_number, file=part.clip.name)
    return drawn_again(shop, task, flavor, part, scene, part.seed)
