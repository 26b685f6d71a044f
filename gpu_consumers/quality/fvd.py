"""Fréchet video distance: how far the clips of a set are from those of another one, as a network sees them.

The network is a file of TorchScript that somebody gives, usually an I3D trained on Kinetics-400; none is shipped. It
gets windows of 16 frames, 8 a second from the middle of each video, at 224×224.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.quality.frechet import Moments, distance
from infra.storage.digest import sha256
from schemas.quality import Group

FRAMES, RATE, SIDE = 16, 8.0, 224
#: Videos that the network gets at once.
BATCH = 8
SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")

Window = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]


class Network:
    """Features of windows. Needs torch."""

    def __init__(self, file: Path, place: str = "cpu") -> None:
        """Raises `BackendMissingError` without torch or the file, `BackendError` for one that is no TorchScript."""
        if not file.is_file():
            raise BackendMissingError(
                f"the network for FVD is not there: {file}",
                hint="SWIPESTREAM_FVD_NETWORK names a TorchScript file of features of videos, such as an I3D.",
            )
        try:
            import torch
        except ImportError as error:
            hint = "Install the extra `gpu`: pip install 'swipestream[gpu]'"
            raise BackendMissingError("FVD needs torch", hint=hint) from error
        self._torch, self._place, self._file = torch, torch.device(place), file
        try:
            self._network = torch.jit.load(str(file), map_location=self._place).eval()
        except RuntimeError as error:
            raise BackendError(f"{file} is no TorchScript: {_first(error)}") from error
        taken = {one.name for one in self._network.forward.schema.arguments}
        self._options = {"rescale": True, "resize": False, "return_features": True}
        self._options = {name: value for name, value in self._options.items() if name in taken}

    @cached_property
    def digest(self) -> str:
        """A hash of its file: figures of other networks are other figures."""
        return sha256(self._file)

    def features(self, windows: list[Window]) -> Features:
        """(windows, features). Levels are 0…255 where the network has an argument `rescale`, else -1…1.

        Raises `BackendError` for a network that does not take them.
        """
        given = self._torch.from_numpy(np.stack(windows)).to(self._place, self._torch.float32).permute(0, 4, 1, 2, 3)
        if "rescale" not in self._options:
            given = given / 127.5 - 1
        try:
            with self._torch.no_grad():
                made = self._network(given, **self._options)
        except (RuntimeError, self._torch.jit.Error) as error:  # the second: what the script itself raises
            raise BackendError(f"{self._file} does not take {tuple(given.shape)}: {_first(error)}") from error
        if not hasattr(made, "flatten") or len(made) != len(windows):
            raise BackendError(f"{self._file} gives no features for each video")
        return np.asarray(made.flatten(1).double().cpu().numpy(), np.float64)


#: Whose clips they are: the name of a model, or of a flavor.
Owner = tuple[Group, str]
K = TypeVar("K", bound=Hashable)
Gathered = tuple[Moments, list[str]]


@dataclass(frozen=True, slots=True)
class Compared:
    """The clips of a model or a flavor beside the reference. Lower is nearer; figures of other networks are other
    figures."""

    group: Group
    name: str
    clips: int  #: that have a window, as have those of the reference
    reference: int
    left_out: tuple[str, ...]
    fvd: float | None
    why: str = ""  #: there is none


def compared(
    sets: Mapping[Owner, Sequence[Path]], reference: Sequence[Path], network: Network, told: Callable[[], object]
) -> list[Compared]:
    """Each set beside the reference, models first, and the largest; `told` after each video, which is seen once however
    many sets it is in. Raises `BackendError` for a network that does not fit."""
    usual, _ = gathered({"reference": reference}, network, told)["reference"]
    found = gathered(sets, network, told)
    order = sorted(sets, key=lambda owner: (owner[0] != Group.MODEL, -len(sets[owner]), owner[1]))
    return [_beside(usual, owner, *found[owner]) for owner in order]


def _beside(usual: Moments, owner: Owner, own: Moments, left_out: list[str]) -> Compared:
    try:
        found, why = round(distance(own, usual), 6), ""
    except BackendError as error:
        found, why = None, f"{error}. {error.hint or ''}".strip()
    return Compared(*owner, own.count, usual.count, tuple(left_out), found, why)


def gathered(
    sets: Mapping[K, Sequence[Path]], network: Network, told: Callable[[], object] = lambda: None
) -> dict[K, Gathered]:
    """Of each set the features' moments over those videos that have a window, and why the others have none."""
    owners: dict[Path, list[K]] = {}
    for owner, files in sets.items():
        for file in files:
            owners.setdefault(file, []).append(owner)
    found: dict[K, Gathered] = {owner: (Moments(), []) for owner in sets}
    for file, seen in _seen(owners, network, told):
        for moments, left_out in (found[owner] for owner in owners[file]):
            if isinstance(seen, str):
                left_out.append(seen)
            else:
                _add(moments, seen)
    return found


def _seen(files: Iterable[Path], network: Network, told: Callable[[], object]) -> Iterator[tuple[Path, Features | str]]:
    """Each video with its features, or why it has none."""
    batch: list[tuple[Path, Window]] = []
    for file in files:
        try:
            batch.append((file, window(file)))
        except BackendError as error:
            yield file, str(error)
        if len(batch) == BATCH:
            yield from _features(batch, network)
            batch = []
        told()
    yield from _features(batch, network)


def _features(batch: Sequence[tuple[Path, Window]], network: Network) -> Iterator[tuple[Path, Features]]:
    if batch:
        rows = network.features([shown for _, shown in batch])
        yield from ((file, row[None]) for (file, _), row in zip(batch, rows, strict=True))


def _add(moments: Moments, features: Features) -> None:
    try:
        moments.add(features)
    except ValueError as error:
        raise BackendError(f"the network for FVD gives {error}") from error


def window(file: Path) -> Window:
    """(16, 224, 224, 3) from the middle of a video. Raises `BackendError` for one that is shorter than two seconds."""
    try:
        frames = list(_frames(file))
    except (av.FFmpegError, OSError, IndexError) as error:
        raise BackendError(f"{file} cannot be read: {error}") from error
    if len(frames) < FRAMES:
        raise BackendError(f"{file} is shorter than {FRAMES / RATE:g} s")
    return np.stack(frames)


def _frames(file: Path) -> Iterator[Window]:
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        length = float(container.duration or 0) / av.time_base
        due, left = max(0.0, (length - FRAMES / RATE) / 2), FRAMES
        for frame in container.decode(stream):
            # A frame is on the screen until the next one comes: half a frame's time is no difference.
            if frame.time is None or frame.time + 0.5 / float(stream.average_rate or 30) < due:
                continue
            yield np.asarray(frame.to_ndarray(format="rgb24", width=SIDE, height=SIDE), np.uint8)
            due, left = due + 1 / RATE, left - 1
            if not left:
                return


def videos(folder: Path) -> list[Path]:
    """The videos of a folder and those below it. Raises `BackendError` where there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise BackendError(f"there are no videos in {folder}", hint=f"They end with {', '.join(SUFFIXES)}.")
    return found


def digest(files: Iterable[Path]) -> str:
    """A hash of what is in them, whatever their names and their order."""
    each = sorted(sha256(file) for file in files)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def _first(error: Any) -> str:
    return (str(error).strip().splitlines() or [""])[-1][:300]
