"""Quality gates: what must hold before a video is published. Each returns what is wrong, or nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.assembly.track import PEAK_DB, Heard, decoded, heard
from gpu_consumers.ports import Failure
from gpu_consumers.sound.loudness import TARGET_LUFS
from gpu_consumers.sound.synth import RATE

OFFSET_MS, END_MS = 40, 80
QUIET_MS = 2500
BLACK_LUMA, STILL_CHANGE = 20.0, 0.02


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the video ought to be."""

    width: int
    height: int
    fps: int
    frames: int
    audible: bool = True  #: False for a video without voice and music


def failures(video: Path, expected: Expected, track: Heard | None = None) -> list[Failure]:
    """Everything that is wrong with the file; empty when it may be published. Decodes key frames only; the sound too,
    where nobody knows yet what is heard of its `track`."""
    try:
        with av.open(str(video)) as container:
            wrong = [*streams(container, expected)]
            if wrong:
                return wrong
            wrong += [*lengths(container, expected)]
        told = track or heard(decoded(video))
        return [*wrong, *faststart(video), *pictures(key_frames(video)), *sounds(told, expected)]
    except (av.FFmpegError, OSError) as failure:
        return [Failure("file", f"it cannot be read: {failure}")]


def streams(container: av.container.InputContainer, expected: Expected) -> Iterator[Failure]:
    """One H.264 and one AAC stream of the right shape."""
    if len(container.streams.video) != 1 or len(container.streams.audio) != 1:
        yield Failure("streams", "it needs one picture and one sound")
        return
    video, audio = container.streams.video[0].codec_context, container.streams.audio[0].codec_context
    if (video.name, video.pix_fmt, video.width, video.height) != ("h264", "yuv420p", expected.width, expected.height):
        yield Failure("streams", f"the picture is {video.name} {video.pix_fmt} {video.width}x{video.height}")
    if (audio.name, audio.sample_rate, audio.layout.name) != ("aac", RATE, "stereo"):
        yield Failure("streams", f"the sound is {audio.name} {audio.sample_rate} {audio.layout.name}")


def lengths(container: av.container.InputContainer, expected: Expected) -> Iterator[Failure]:
    """The right number of frames; sound and picture begin and end together."""
    video, audio = container.streams.video[0], container.streams.audio[0]
    if video.frames != expected.frames:
        yield Failure("duration", f"{video.frames} frames instead of {expected.frames}")
    begins = [float((each.start_time or 0) * each.time_base) for each in (video, audio) if each.time_base]
    ends = [float((each.duration or 0) * each.time_base) for each in (video, audio) if each.time_base]
    offset, end = (abs(pair[0] - pair[1]) * 1000 for pair in (begins, ends))
    if offset >= OFFSET_MS:
        yield Failure("offset", f"sound and picture begin {offset:.0f} ms apart")
    if end >= END_MS:
        yield Failure("offset", f"sound and picture end {end:.0f} ms apart")


def faststart(video: Path) -> Iterator[Failure]:
    """The index stands before the data, so that the file plays from its first bytes (ISO 14496-12 boxes)."""
    order, at, size = [], 0, video.stat().st_size
    with video.open("rb") as file:
        while at + 8 <= size and file.seek(at) == at:
            length, name = struct.unpack(">I4s", file.read(8))
            if length == 1:
                (length,) = struct.unpack(">Q", file.read(8))
            order.append(name)
            at += length or size
    if b"moov" not in order or b"mdat" not in order or order.index(b"moov") > order.index(b"mdat"):
        yield Failure("faststart", "the index is not in front of the data")


def pictures(frames: Iterator[tuple[float, npt.NDArray[np.uint8]]]) -> Iterator[Failure]:
    """No black picture, and none that stands still, among (seconds, sparse luma) in order."""
    before: npt.NDArray[np.int16] | None = None
    since = 0.0
    for seconds, luma in frames:
        if float(luma.mean()) < BLACK_LUMA and float(luma.std()) < 3:
            yield Failure("black", f"the picture is black at {seconds:.1f} s", seconds)
        now = luma.astype(np.int16)
        if before is not None and float(np.abs(now - before).mean()) < STILL_CHANGE:
            yield Failure("frozen", f"the picture stands still before {seconds:.1f} s", (since + seconds) / 2)
        before, since = now, seconds


def sounds(heard: Heard, expected: Expected) -> Iterator[Failure]:
    """Not silent for long, at the right loudness, without clipping."""
    if not expected.audible:
        return
    if heard.quiet_ms > QUIET_MS:
        yield Failure("silence", f"{heard.quiet_ms} ms without sound")
    loud = heard.loudness
    if abs(loud.integrated - TARGET_LUFS) > 1:
        yield Failure("loudness", f"{loud.integrated:.1f} LUFS instead of {TARGET_LUFS:.0f}")
    if loud.true_peak > PEAK_DB:
        yield Failure("loudness", f"true peak {loud.true_peak:.1f} dBFS, above -1")


def key_frames(video: Path) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """(seconds, every 16th pixel of every 16th row of the luma) for each key frame."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"skip_loop_filter": "all"}
        stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            plane = frame.planes[0]
            luma = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            yield frame.time or 0.0, luma[: plane.height : 16, : plane.width : 16].copy()
