"""What becomes of a model's frames by networks: a second turn of the clip on its device, frame by frame.

What classical filters do is done beside the turns; a clip without networks has no second turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from gpu_consumers.generation.boundaries import give_way, making
from gpu_consumers.generation.manifest import Post
from gpu_consumers.generation.networks import Networks
from gpu_consumers.generation.post import Classical, Pictures, interpolator
from gpu_consumers.generation.spool import Spool
from gpu_consumers.generation.tensors import Picture
from gpu_consumers.generation.upscaling import Learned
from gpu_consumers.scheduling.places import Turn

#: Frames of a clip that are fitted to their size at once.
FITTING = 3


@dataclass(frozen=True)
class Enlarged:
    """What a second turn made, and how many seconds of the device it took."""

    pictures: Spool
    large: bool  #: frames of the video's size, in yuv420p; else pictures that the classical filter enlarges
    seconds: float

    def frames(self, post: Post, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
        """Each as a frame of that size, which belongs to whoever takes it."""
        if self.large:
            return (av.VideoFrame.from_ndarray(planes, format="yuv420p") for planes in self.pictures)
        return classically(self.pictures, post, size)


def classically(pictures: Iterable[Picture], post: Post, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """The pictures at that size, by the classical filter."""
    upscaler = Classical(post)
    return (upscaler.enlarge(picture, *size) for picture in pictures)


@dataclass(frozen=True)
class Order:
    """What a second turn is to make of a clip's pictures: at that size, where there is an upscaler."""

    networks: Networks
    pictures: Callable[[], Iterable[Picture]]  #: asked again where it is tried again
    count: int
    size: tuple[int, int]
    folder: Path  #: frames wait there until they are encoded


def ordered(
    networks: Networks, post: Post, pictures: Pictures, times: Sequence[float], size: tuple[int, int], folder: Path
) -> Order:
    """The order for a clip. Where only its size is for a network, the frames between frames are made now, classically.

    Raises `BackendError` where they cannot be kept.
    """
    if (network := networks.interpolator) is not None:
        return Order(networks, lambda: network.at(pictures, times), len(times), size, folder)
    filled = Spool(folder)
    for picture in interpolator(post).at(pictures, times):
        filled.add(picture)
    return Order(networks, lambda: filled, len(times), size, folder)


def carried_out(order: Order, turn: Turn, told: Callable[[float], object]) -> Enlarged:
    """Frame by frame, giving way after each; `told` from 0 to 1. Raises as `told`, `Turn.boundary`, the networks and
    `Spool.add`."""
    upscaler, spool, began = order.networks.upscaler, Spool(order.folder), turn.used_s
    pictures = _telling(order.pictures(), order.count, told)
    with making(turn):
        if upscaler is None:
            for picture in pictures:
                spool.add(picture)
        else:
            _enlarged(pictures, upscaler, order.size, spool)
        give_way()
    return Enlarged(spool, upscaler is not None, turn.used_s - began)


def _telling(pictures: Iterable[Picture], count: int, told: Callable[[float], object]) -> Iterator[Picture]:
    for number, picture in enumerate(pictures):
        give_way()
        told(number / count)
        yield picture


def _enlarged(pictures: Iterable[Picture], upscaler: Learned, size: tuple[int, int], spool: Spool) -> None:
    """The processor fits frames to their size while the device is at the next one."""
    seen, large, fitted = None, None, deque[Future[Picture]]()
    with ThreadPoolExecutor(FITTING) as pool:
        for picture in pictures:
            if large is None or seen is None or not np.array_equal(picture, seen):  # stills are enlarged once
                seen, large = picture, upscaler.grow(picture)
            fitted.append(pool.submit(_fitted, upscaler, large, size))
            if len(fitted) > FITTING:
                spool.add(fitted.popleft().result())
        for one in fitted:
            spool.add(one.result())


def _fitted(upscaler: Learned, large: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(upscaler.fit(large, *size).to_ndarray(), np.uint8)
