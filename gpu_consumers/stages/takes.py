"""The flavor of a task: the one that it names, with the task's format, voice, model, styles and guidance in place
of its own."""

from __future__ import annotations

from infra import flavors
from infra.flavors import Flavor
from schemas.tasks import RenderScene, VideoTask


def flavor_of(task: VideoTask) -> Flavor:
    """The flavor to make a scene, or a video, with. Raises as `get_flavor` does."""
    flavor = flavors.get_flavor(task.flavor)
    changes = _of_the_scene(task, flavor) if isinstance(task, RenderScene) else {}
    if task.format:
        changes |= {"format": task.format}
    return flavor.model_copy(update=changes) if changes else flavor


def _of_the_scene(task: RenderScene, flavor: Flavor) -> dict[str, object]:
    changes: dict[str, object] = {}
    if task.voice:
        voices = tuple(voice.model_copy(update={"speaker": task.voice}) for voice in flavor.voices)
        changes |= {"speaker": task.voice, "voices": voices}
    if task.model:
        changes |= {"scene_backend": task.model}
    if task.styles is not None:
        changes |= {"styles": {style.name: style.weight for style in task.styles}}
    if task.guidance is not None:
        changes |= {"guidance": task.guidance}
    return changes
