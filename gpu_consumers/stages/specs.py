"""What shall be drawn of a scene: its script, its spoken words, and what its flavor says of pictures."""

from __future__ import annotations

from gpu_consumers.ports import SceneSpec
from infra.flavors import Flavor
from schemas.scripts import Scene, Word

#: Silence after the last word, so that scenes do not run into each other, in milliseconds.
BREATH_MS = 250


def scene_spec(
    scene: Scene, *, scene_count: int, title: str, language: str, flavor: Flavor,
    words: tuple[Word, ...], spoken_ms: int, seed: int,
) -> SceneSpec:  # fmt: skip
    """The spec of one scene. Everything that decides its pixels is in it."""
    return SceneSpec(
        # A muted scene keeps its pace, and a moved one its number, so that its picture stays what it is.
        scene=scene.model_copy(update={"muted": False, "scene_number": scene.drawn_as, "first_number": None}),
        first=scene.scene_number == 1,
        last=scene.scene_number >= scene_count,
        title=title,
        language=language,
        look=flavor.look_for(scene.drawn_as),
        caption_style=flavor.caption_style,
        palette=flavor.palette,
        words=words,
        duration_ms=spoken_ms + BREATH_MS,
        format=flavor.format,
        fps=flavor.fps,
        seed=seed,
        draft=flavor.draft,
        renditions=flavor.renditions,
        hybrid=flavor.hybrid,
        watermark=flavor.watermark,
        styles=tuple(sorted(flavor.styles.items())),
        guidance=flavor.guidance,
    )
