"""Networks for what becomes of a model's frames, from files that its manifest names: pictures made larger (`Upscaler`),
and pictures between two others (`Interpolator`).

The first are safetensors of an architecture that spandrel knows, so that no code comes with them. The second are
TorchScript, which is code: it runs with the rights of the worker, as does whatever its author wrote.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isqrt
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.manifest import GIB, Post, label_of
from gpu_consumers.generation.post import Classical, Interpolator, Pictures
from schemas.videos import Fallback

Picture = npt.NDArray[np.uint8]
#: A part of the way between two pictures as a script takes it, and a tensor whose place, type and size are its.
Moment = Callable[[float, Any], Any]
#: Pixels around a tile that the network sees and that are cut off again: what is at its edges is right, too.
MARGIN = 32
#: Sides of what an interpolator gets are multiples of that: RIFE and FILM halve them up to seven times.
MULTIPLE = 128
#: Sides of the pictures that it is tried with when it is loaded.
TRIED = 128
#: Feature maps of 64 channels at the size of the result that an upscaler holds at once.
_MAPS = 4 * 64
#: A tile has no shorter sides than that.
_LEAST = 2 * MARGIN + 32
_INSTALL = "Install the extra `gpu`: pip install 'swipestream[gpu]'"


class _Fitting(threading.local):
    """A filter for each thread: they keep a state."""

    def __init__(self, post: Post) -> None:
        self.filter = Classical(post)


class Learned:
    """An `Upscaler`: a network enlarges by its own factor, in tiles; Lanczos fits that to the size that is wanted."""

    def __init__(self, file: Path, place: Any, post: Post) -> None:
        """Raises `BackendMissingError` without the file or spandrel, `BackendError` for one that does not enlarge."""
        import torch

        found = _described(file, place)
        half = torch.device(place).type == "cuda" and found.supports_half
        self._torch, self._file, self._place = torch, file, place
        self._network = found.to(torch.float16 if half else torch.float32).eval()
        self._dtype, self.module = torch.float16 if half else torch.float32, found.model
        self.scale, self.architecture = int(found.scale), str(found.architecture.name)
        self.side = _side(post.peak, self.scale, 2 if half else 4)
        self._fitting = _Fitting(post)

    def enlarge(self, picture: Picture, width: int, height: int) -> av.VideoFrame:
        """See `Upscaler`. Raises `BackendError` where it gives no picture, and what torch raises."""
        return self.fit(self.grow(picture), width, height)

    def fit(self, picture: Picture, width: int, height: int) -> av.VideoFrame:
        """What it made of a picture, at the wanted size. Needs no device, and may be called by any thread."""
        return self._fitting.filter.enlarge(picture, width, height)

    def grow(self, picture: Picture) -> Picture:
        """The picture, larger by the network's factor. Raises as `enlarge`."""
        height, width = picture.shape[:2]
        large = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        for top, left in product(range(0, height, self.side), range(0, width, self.side)):
            rows, columns = (top, min(height, top + self.side)), (left, min(width, left + self.side))
            large[_at(rows, self.scale), _at(columns, self.scale)] = self._tile(picture, rows, columns)
        return large

    def _tile(self, picture: Picture, rows: tuple[int, int], columns: tuple[int, int]) -> Picture:
        (top, height), (left, width) = _around(rows, picture.shape[0]), _around(columns, picture.shape[1])
        given = _given(self._torch, picture[top:height, left:width], self._place, self._dtype)
        with self._torch.inference_mode():
            made = self._network(given)
        inner = (rows[0] - top, rows[1] - top), (columns[0] - left, columns[1] - left)
        return _taken(self._torch, made, self._file)[_at(inner[0], self.scale), _at(inner[1], self.scale)]


class Scripted:
    """An `Interpolator`: TorchScript with the signature `(before, after, time) -> picture`, or `(both, time)`.

    Pictures are RGB from 0 to 1, (1, 3, h, w), both together (1, 6, h, w), with sides that are multiples of 128; time
    lies between 0 and 1. Where it answers with several tensors, the last one that is a picture counts.
    """

    def __init__(self, file: Path, place: Any) -> None:
        """Raises `BackendMissingError` without the file, `BackendError` for one that cannot be called so."""
        import torch

        self._torch, self._file, self._place = torch, file, torch.device(place)
        _there(file)
        try:
            self._network = torch.jit.load(str(file), map_location=self._place).eval()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise BackendError(f"{file} is no TorchScript: {_first(error)}") from error
        self.module = self._network
        weights = (each.dtype for each in self._network.parameters() if each.is_floating_point())
        self._dtype = next(weights, torch.float32)
        self._joined = False
        self._moment: Moment = _number
        self._understand()

    def at(self, pictures: Pictures, times: Sequence[float]) -> Iterator[Picture]:
        """See `Interpolator`. Raises `BackendError` where it gives no picture, and what TorchScript raises."""
        for time in times:
            before, part = int(time), time - int(time)
            if part < 1 / 256 or before + 1 >= len(pictures):
                yield pictures[min(before, len(pictures) - 1)]
            else:
                yield self.between(pictures[before], pictures[before + 1], part)

    def between(self, before: Picture, after: Picture, part: float) -> Picture:
        """The picture at that part of the way from one to the other."""
        height, width = before.shape[:2]
        below, beside = -height % MULTIPLE, -width % MULTIPLE
        padded = [np.pad(one, ((0, below), (0, beside), (0, 0)), mode="edge") for one in (before, after)]
        one, other = (_given(self._torch, one, self._place, self._dtype) for one in padded)
        made = self._called(one, other, part)
        return _taken(self._torch, made, self._file)[:height, :width]

    def _called(self, before: Any, after: Any, part: float) -> Any:
        try:
            with self._torch.inference_mode():
                pair = (self._torch.cat((before, after), 1),) if self._joined else (before, after)
                made = self._network(*pair, self._moment(part, before))
        except (RuntimeError, self._torch.jit.Error) as error:  # TorchScript puts what happened into errors of its own
            kind = self._torch.OutOfMemoryError if "out of memory" in str(error) else RuntimeError
            raise kind(f"{self._file}: {_first(error)}") from error
        pictures = [one for one in _tensors(made) if getattr(one, "shape", None) == before.shape]
        if not pictures:
            raise BackendError(f"{self._file} gives no picture of the size that it gets")
        return pictures[-1]

    def _understand(self) -> None:
        """Find out how it is called, by trying: with the pictures one by one or joined, and the time in which form."""
        taken, why = self._network.forward.schema.arguments[1:], ""
        picture = np.full((TRIED, TRIED, 3), 128, np.uint8)
        for self._joined, time in ((False, taken[2:3]), (True, taken[1:2])):
            for self._moment in _moments(str(time[0].type)) if time else ():
                try:
                    self.between(picture, picture, 0.5)
                except self._torch.OutOfMemoryError:
                    raise
                except (BackendError, RuntimeError) as error:
                    why = why or _first(error)
                else:
                    return
        told = why or f"it takes {', '.join(one.name for one in taken)}"
        raise BackendError(f"{self._file} cannot be called with (before, after, time): {told}")


def _number(part: float, _like: Any) -> Any:
    return part


def _shaped(*shape: int) -> Moment:
    return lambda part, like: like.new_full(shape, part)


def _map(part: float, like: Any) -> Any:
    return like.new_full((1, 1, *like.shape[2:]), part)


#: A number for each picture of a batch is what FILM takes and what RIFE and IFRNet can repeat; others get a plane.
_MOMENTS: tuple[Moment, ...] = (_shaped(1, 1), _shaped(1, 1, 1, 1), _map, _shaped(1))


def _moments(kind: str) -> tuple[Moment, ...]:
    """In which forms it may want the time, by the type that its script says."""
    return (_number,) if kind in ("float", "number") else _MOMENTS


@dataclass(frozen=True)
class Networks:
    """Those of one model on its device, and why one that its manifest names is not among them."""

    upscaler: Learned | None = None
    interpolator: Interpolator | None = None
    fallbacks: tuple[Fallback, ...] = ()
    label: str = ""  #: those that are there, for the cost model

    @property
    def modules(self) -> tuple[Any, ...]:
        """Torch's, with all that they hold on the device."""
        scripted = self.interpolator.module if isinstance(self.interpolator, Scripted) else None
        return tuple(one for one in (self.upscaler and self.upscaler.module, scripted) if one is not None)


def loaded(post: Post, place: Any) -> Networks:
    """Those that can be loaded; what fails is told in `fallbacks`. Raises torch's `OutOfMemoryError`."""
    upscaler, one = _tried("upscaler", lambda: Learned(post.upscaler, place, post) if post.upscaler else None)
    between, other = _tried("interpolator", lambda: Scripted(post.interpolator, place) if post.interpolator else None)
    there = [path for path, found in ((post.interpolator, between), (post.upscaler, upscaler)) if path and found]
    return Networks(upscaler, between, (*one, *other), label_of(there))


def _tried(name: str, load: Callable[[], Any]) -> tuple[Any, tuple[Fallback, ...]]:
    try:
        return load(), ()
    except BackendError as error:
        return None, (Fallback(backend=name, reason=str(error)[:500]),)


def _described(file: Path, place: Any) -> Any:
    """What spandrel finds in a file."""
    _there(file)
    if file.suffix != ".safetensors":
        hint = "docs/howto/models.md shows how to make one of a .pth file."
        raise BackendError(f"{file} is no safetensors file: pickled weights are never loaded", hint=hint)
    try:
        import spandrel
        import torch
    except ImportError as error:
        raise BackendMissingError("an upscaler needs spandrel", hint=_INSTALL) from error
    try:
        found = spandrel.ModelLoader(device=place).load_from_file(file)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # its loaders raise whatever a file that is not what it seems to be makes them
        raise BackendError(f"{file} is no network that spandrel knows: {_first(error)}") from error
    colours = (found.input_channels, found.output_channels)
    if not isinstance(found, spandrel.ImageModelDescriptor) or found.scale < 2 or colours != (3, 3):
        told = f"{found.architecture.name}, {found.purpose}, {found.scale}x, channels {colours[0]} to {colours[1]}"
        raise BackendError(f"{file} does not enlarge colour pictures: {told}")
    return found


def _there(file: Path) -> None:
    if not file.is_file():
        raise BackendMissingError(f"{file} is not there", hint=f"Put it there: {file}")


def _side(peak_gib: float, scale: int, size: int) -> int:
    """The side of a tile for that much memory, so that with its margins the network's features fit."""
    most = isqrt(int(peak_gib * GIB / (scale**2 * _MAPS * size)))
    return max(_LEAST, most) - 2 * MARGIN


def _around(part: tuple[int, int], whole: int) -> tuple[int, int]:
    return max(0, part[0] - MARGIN), min(whole, part[1] + MARGIN)


def _at(part: tuple[int, int], scale: int) -> slice:
    return slice(part[0] * scale, part[1] * scale)


def _given(torch: Any, picture: Picture, place: Any, dtype: Any) -> Any:
    """(1, 3, h, w) from 0 to 1, on the device."""
    held = torch.from_numpy(np.ascontiguousarray(picture)).to(place)
    return held.permute(2, 0, 1)[None].to(dtype) / 255


def _taken(torch: Any, made: Any, file: Path) -> Picture:
    """(h, w, 3) in levels. Raises `BackendError` for what is no number: half precision may overflow."""
    if not torch.isfinite(made).all():
        raise BackendError(f"{file} computes what is no number")
    levels = (made[0].float().clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return np.asarray(levels.permute(1, 2, 0).cpu().numpy(), np.uint8)


def _tensors(made: Any) -> Iterator[Any]:
    if isinstance(made, (tuple, list)):
        for one in made:
            yield from _tensors(one)
    else:
        yield made


def _first(error: Any) -> str:
    last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return last.split(". ")[0].removesuffix(".")[:200]
