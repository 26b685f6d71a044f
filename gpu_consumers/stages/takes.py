"""The flavor of one scene: the one that its task names, with the task's voice and model in place of its own."""

from __future__ import annotations

from infra import flavors
from infra.flavors import Flavor
from schemas.tasks import RenderScene


def flavor_of(task: RenderScene) -> Flavor:
    """The flavor to make a scene with. Raises as `get_flavor` does."""
    flavor = flavors.get_flavor(task.flavor)
    changes: dict[str, object] = {}
    if task.voice:
        voices = tuple(voice.model_copy(update={"speaker": task.voice}) for voice in flavor.voices)
        changes |= {"speaker": task.voice, "voices": voices}
    if task.model:
        changes |= {"scene_backend": task.model}
    return flavor.model_copy(update=changes) if changes else flavor
