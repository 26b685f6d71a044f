"""Pictures between two others by a network in TorchScript.

That is code: it runs with the rights of the worker, as does whatever its author wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpu_consumers.errors import BackendError
from gpu_consumers.generation.post import Pictures
from gpu_consumers.generation.tensors import Picture, first, given, taken, there

#: A part of the way between two pictures as a script takes it, and a tensor whose place, type and size are its.
Moment = Callable[[float, Any], Any]
#: Sides of what an interpolator gets are multiples of that: RIFE and FILM halve them up to seven times.
MULTIPLE = 128
#: Sides of the pictures that it is tried with when it is loaded.
TRIED = 128


class Scripted:
    """An `Interpolator`: TorchScript with the signature `(before, after, time) -> picture`, or `(both, time)`.

    Pictures are RGB from 0 to 1, (1, 3, h, w), both together (1, 6, h, w), with sides that are multiples of 128; time
    lies between 0 and 1. Where it answers with several tensors, the last one that is a picture counts.
    """

    def __init__(self, file: Path, place: Any) -> None:
        """Raises `BackendMissingError` without the file, `BackendError` for one that cannot be called so."""
        import torch

        self._torch, self._file, self._place = torch, file, torch.device(place)
        there(file)
        try:
            self._network = torch.jit.load(str(file), map_location=self._place).eval()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise BackendError(f"{file} is no TorchScript: {first(error)}") from error
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
        one, other = (given(self._torch, one, self._place, self._dtype) for one in padded)
        made = self._called(one, other, part)
        return taken(self._torch, made, self._file)[:height, :width]

    def _called(self, before: Any, after: Any, part: float) -> Any:
        try:
            with self._torch.inference_mode():
                pair = (self._torch.cat((before, after), 1),) if self._joined else (before, after)
                made = self._network(*pair, self._moment(part, before))
        except (RuntimeError, self._torch.jit.Error) as error:  # TorchScript puts what happened into errors of its own
            kind = self._torch.OutOfMemoryError if "out of memory" in str(error) else RuntimeError
            raise kind(f"{self._file}: {first(error)}") from error
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
                    why = why or first(error)
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


def _tensors(made: Any) -> Iterator[Any]:
    if isinstance(made, (tuple, list)):
        for one in made:
            yield from _tensors(one)
    else:
        yield made
