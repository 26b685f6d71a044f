"""Ways to draw a scene, one after the other: as asked, without its footage, with another seed, in another look.

What comes out is looked at before it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gpu_consumers.assembly.stretches import FOOTAGE_S, unmoved
from gpu_consumers.errors import BackendError, BackendMissingError, PaidError, QualityError, TransientBackendError
from gpu_consumers.picture.caption_styles import caption_style
from gpu_consumers.picture.captions import overflowing
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.painter import cues_of
from gpu_consumers.picture.smaller import made_from, small_clips
from gpu_consumers.ports import Clip, Progress, SceneRenderer, SceneSpec
from schemas import ids
from schemas.videos import Fallback

#: Looks that hold for any text; the first that was not tried yet is taken.
SAFE_LOOKS = ("mesh", "hills")
#: The caption style that needs the least room.
SMALL_CAPTIONS = "clean"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A drawn scene, of which spec in the end, and why others were given up."""

    clip: Clip
    spec: SceneSpec
    fallbacks: tuple[Fallback, ...] = ()


def first_good(renderer: SceneRenderer, spec: SceneSpec, out: Path, progress: Progress) -> Attempt:
    """Write the clip to `out`, in the first way that passes the gates.

    Raises `TransientBackendError` as it comes, `QualityError` with every reason when no way led to a clip.
    """
    failed: list[Fallback] = []
    for way in ways(spec):
        try:
            clip = _tried(renderer, way, out, progress)
        except (TransientBackendError, BackendMissingError):
            raise
        except BackendError as error:
            failed.append(Fallback(backend=_named(renderer, way), reason=_reason(error)))
            if isinstance(error, PaidError):
                break
            continue
        return Attempt(clip=clip, spec=way, fallbacks=tuple(failed))
    told = "; ".join(f"{each.backend}: {each.reason}" for each in failed)
    raise QualityError(f"No way to draw scene {spec.scene.scene_number} led to a clip that can be shown: {told}")


def ways(spec: SceneSpec) -> Iterator[SceneSpec]:
    """The spec, then what differs from it less than nothing at all would. Pure."""
    spec = _legible(spec)
    yield spec
    if spec.footage is not None:
        spec = replace(spec, footage=None)
        yield spec
    again = replace(spec, seed=ids.seed(f"{spec.seed}/again"))
    yield again
    bare = spec.scene.model_copy(update={"chart": None})
    yield replace(again, scene=bare, look=next(look for look in SAFE_LOOKS if look != spec.look))


def _legible(spec: SceneSpec) -> SceneSpec:
    """With smaller captions, where those asked for would leave the safe area."""
    if not _overflows(spec):
        return spec
    return replace(spec, caption_style=SMALL_CAPTIONS)


def _overflows(spec: SceneSpec) -> bool:
    return bool(overflowing(cues_of(spec), caption_style(spec.caption_style), Layout(*spec.size)))


def _tried(renderer: SceneRenderer, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
    """A clip with its renditions that passes the gates."""
    if _overflows(spec):
        raise QualityError("captions: a phrase does not fit into the safe area")
    clip = renderer.render(spec, out, progress)
    clip = clip if clip.renditions else _with_renditions(clip, spec)
    wrong = unmoved(_smallest(clip), least_s=FOOTAGE_S) if clip.faults is None else clip.faults
    if wrong:
        raise QualityError("; ".join(f"{each.gate}: {each.reason}" for each in wrong))
    return clip


def _smallest(clip: Clip) -> Path:
    """The rendition that is decoded soonest; the same frames as the clip's."""
    return min(clip.renditions, key=lambda small: small.width).path if clip.renditions else clip.path


def _with_renditions(clip: Clip, spec: SceneSpec) -> Clip:
    smalls = small_clips(clip.path, spec.size, spec.renditions)
    if smalls:
        made_from(clip.path, spec.fps, smalls)
    return replace(clip, renditions=smalls)


def _named(renderer: SceneRenderer, spec: SceneSpec) -> str:
    how = "footage" if spec.footage else spec.look or "look by the beat"
    return f"{renderer.name} ({how}, seed {spec.seed})"


def _reason(error: BackendError) -> str:
    return (str(error) or type(error).__name__)[:500]
