"""Which scene shows which of a prompt's footage. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.footage import Footage
from schemas.scripts import Script


def spread(script: Script, footage: Sequence[Footage]) -> Script:
    """The script with its footage in its scenes.

    What names a scene goes there, the first of several; what names none is spread in order over the scenes that are
    left, as evenly as they allow. What finds no scene is not shown.
    """
    if not footage:
        return script
    places = _named(footage)
    left = [scene.scene_number for scene in script.scenes if scene.scene_number not in places]
    loose = [each for each in footage if each.scene_number is None][: len(left)]
    places |= {left[n * len(left) // len(loose)]: each for n, each in enumerate(loose)}
    scenes = (scene.model_copy(update={"footage": places.get(scene.scene_number)}) for scene in script.scenes)
    return script.model_copy(update={"scenes": tuple(scenes)})


def _named(footage: Sequence[Footage]) -> dict[int, Footage]:
    return {each.scene_number: each for each in reversed(footage) if each.scene_number is not None}
