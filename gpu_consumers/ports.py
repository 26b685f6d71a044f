"""The seams of this room: what a script writer, a voice, a scene renderer and an accelerator must do.

Backends are chosen by flavor. Each has a `name` for events and logs, and a `fingerprint()`: whatever changes its
output (version, model, weights, settings) must change the fingerprint, because artefacts are cached under it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from infra.flavors import Watermark, reduced
from schemas.footage import Footage
from schemas.scripts import Scene, Script, Word
from schemas.values import Artifact, Format, Lane
from schemas.works import ClipQuality


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What a script writer gets."""

    prompt: str
    archetype: str | None  #: None: the writer chooses one that fits
    target_seconds: float  #: spoken length, 15 to 60
    language: str
    seed: int
    #: Marks (see `script/memory.py`) of the sentences that the viewer has heard lately, sorted.
    heard: tuple[str, ...] = ()
    #: Somebody asked for it: the answer that they asked for is told again, though they have heard it.
    asked: bool = False


class ScriptWriter(Protocol):
    """Turns a brief into a script of 3 to 8 scenes."""

    name: str

    def fingerprint(self) -> str: ...

    def write(self, brief: Brief) -> Script:
        """Raises `BackendError`: `TransientBackendError` when trying again may help."""
        ...


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Spoken text: mono samples, int16, shape (n,), at `sample_rate` Hz, and when each word of the text is heard."""

    samples: npt.NDArray[np.int16]
    sample_rate: int
    words: tuple[Word, ...]

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded up."""
        return -(-len(self.samples) * 1000 // self.sample_rate)


class Voice(Protocol):
    """Speaks. `words` holds exactly the words of the text (split at white space), in order."""

    name: str

    def fingerprint(self) -> str: ...

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        """`rate` 1.0 is the voice's normal pace. Raises `BackendError`."""
        ...


@dataclass(frozen=True, kw_only=True)
class SceneSpec:
    """Everything that decides the pixels of one scene. Equal specs give equal bytes on the CPU renderer.

    Of its place among the others it holds no more than whether it is at an end: to move a scene is to join anew.
    """

    scene: Scene  #: with the number that it is drawn as
    first: bool
    last: bool
    title: str
    language: str
    look: str | None  #: None: chosen by the beat and the seed
    caption_style: str
    palette: str | None
    words: tuple[Word, ...]
    duration_ms: int  #: a whole number of frames after `frames`
    format: Format
    fps: int
    seed: int
    draft: int = 1  #: this many times smaller than the format says
    renditions: tuple[int, ...] = ()  #: shorter sides of smaller versions, in pixels
    hybrid: bool = True  #: headings and figures stand over footage
    footage: Footage | None = None  #: shown behind the words, in place of a look
    watermark: Watermark | None = None
    mark: Artifact | None = None  #: the watermark's image
    styles: tuple[tuple[str, float], ...] = ()  #: of a generative model, with their weights, sorted by name
    guidance: float | None = None  #: in place of a generative model's own
    files: Mapping[str, Path] = field(default_factory=dict)  #: footage and mark on this machine, by artefact name

    def inputs(self) -> dict[str, Any]:
        """What decides the pixels, for a fingerprint: everything but where the files lie."""
        models = {name: getattr(self, name) for name in ("styles", "guidance")}
        decides = {name: value for name, value in vars(self).items() if name != "files" and name not in models}
        if self.scene.chart is None:  # what was made before there were charts is found again
            decides["scene"] = self.scene.model_dump(mode="json", exclude={"chart"})
        return decides | {name: value for name, value in models.items() if value not in ((), None)}

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return reduced(self.format, self.draft)

    @property
    def frames(self) -> int:
        """Frames of the clip: the duration rounded up to a whole frame."""
        return -(-self.duration_ms * self.fps // 1000)


@dataclass(frozen=True, kw_only=True)
class SmallClip:
    """The same clip in a smaller size."""

    path: Path
    width: int
    height: int


@dataclass(frozen=True)
class Failure:
    """A quality gate that did not open, and what it saw."""

    gate: str
    reason: str
    at_s: float | None = None  #: when it is seen, if it is seen in the picture


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A rendered scene: a silent H.264 file with a closed GOP, ready to be joined by packet copy."""

    path: Path
    frames: int
    look: str
    details: Mapping[str, Any]  #: what else the backend wants on the event (model, steps, backend …)
    renditions: tuple[SmallClip, ...] = ()  #: those that the spec asks for, if the backend makes them itself
    quality: ClipQuality | None = None  #: where the backend has measured it, on frames of its own
    #: What was wrong with its frames, if the backend looked at them while they were at hand; None: nobody has looked.
    faults: tuple[Failure, ...] | None = None


#: Told the fraction done (0 to 1) and, now and then, a JPEG preview. Raises nothing but `UnwantedError`, when nobody
#: wants any more what is being made: to be let through.
Progress = Callable[[float, bytes | None], None]


@dataclass(frozen=True, kw_only=True)
class Urgency:
    """How much somebody waits for a scene, and how they hear when it will be there: what a scheduler goes by. It
    changes nothing about the pixels."""

    lane: Lane = Lane.INTERACTIVE
    deadline: float | None = None  #: seconds since the epoch
    #: Told the seconds until its frames are there (None: not known any more); may raise `UnwantedError`.
    expect: Callable[[float | None], object] = lambda _seconds: None


class SceneRenderer(Protocol):
    """Renders one scene to a file."""

    name: str

    def fingerprint(self) -> str: ...

    def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        """Write the clip to `out`. Raises `BackendError`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a moderator found: how sure it is goes from 0 to 1."""

    category: str
    rule: str
    score: float


class Moderator(Protocol):
    """Looks for what should not be shown. It finds; the flavor's thresholds decide."""

    name: str

    def fingerprint(self) -> str: ...

    def in_text(self, text: str) -> list[Finding]:
        """Raises `BackendError`: `TransientBackendError` when asking again may help."""
        ...

    def in_clip(self, clip: Path) -> list[Finding]:
        """In the frames of a clip. Raises as above."""
        ...


@dataclass(frozen=True)
class Example:
    """Arguments that a module was really called with: their shapes and dtypes are what it is made fast for."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def fresh(self) -> Example:
        """The same values in lists and dicts of their own: some modules write into those that they are given."""
        return self.mapped(lambda value: value)

    def mapped(self, change: Callable[[Any], Any]) -> Example:
        """The same with every value changed, however deep in lists, tuples and dicts it lies."""
        return Example(_mapped(self.args, change), _mapped(dict(self.kwargs), change))


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(each, change) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_mapped(each, change) for each in value)
    return change(value)


class Accelerator(Protocol):
    """Makes a denoiser (or a VAE decoder) fast. Chosen in the order tensorrt, inductor, eager."""

    name: str
    travels: bool  #: whether what it prepares takes nothing of the device but the module's own weights

    def fingerprint(self) -> str: ...

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        """Whether nothing must be built first. Raises `BackendError` where it could not run here."""
        ...

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        """A callable that computes what `module` computes; builds nothing. Raises `BackendError` where it cannot."""
        ...

    def holds(self, module: Any) -> Iterable[str]:
        """The weights, by name, of which it has copies. All others are the module's own: what changes those in place
        (a style) changes what it computes, and builds nothing."""
        ...

    def moved(self, module: Any) -> None:
        """The module's weights lie elsewhere: what was prepared is to compute with them there."""
        ...
