"""The join: packets of the clips and of the sound copied into one MP4."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from gpu_consumers.errors import BackendError
from gpu_consumers.sound.synth import RATE

if TYPE_CHECKING:
    from av.container.core import Chapter  # a type of the stubs only

_TICKS = 90_000  #: of the joined track; every usual frame rate divides it


def join(
    clips: Sequence[Path],
    frames: Sequence[int],
    fps: int,
    sound: io.BytesIO,
    out: Path,
    *,
    metadata: dict[str, str],
    chapters: Sequence[str] = (),
) -> None:
    """Write `out`: H.264 as it is in the clips, AAC at 48 kHz, the index in front (faststart).

    `sound` is an MP4 in memory (see `track`); its packets are copied too. `chapters` holds a title for each clip, or
    nothing. A failure leaves no file behind.
    Raises `BackendError` for clips that cannot be read, or that differ in size or settings.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        _write(clips, frames, fps, sound, part, metadata, chapters)
        part.replace(out)
    except (av.FFmpegError, OSError, ValueError) as failure:
        raise BackendError(f"the clips could not be joined: {failure}") from failure
    finally:
        part.unlink(missing_ok=True)


def frames_in(clip: Path) -> int:
    """How many frames a clip holds, by its index. Raises `BackendError` where it cannot be read."""
    try:
        with av.open(str(clip)) as container:
            return container.streams.video[0].frames
    except (av.FFmpegError, OSError, IndexError) as failure:
        raise BackendError(f"the clip {clip.name} cannot be read: {failure}") from failure


def _write(
    clips: Sequence[Path],
    frames: Sequence[int],
    fps: int,
    sound: io.BytesIO,
    part: Path,
    metadata: dict[str, str],
    chapters: Sequence[str],
) -> None:
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(part), "w", format="mp4", container_options=options) as output:
        output.metadata.update(metadata)
        if chapters:
            output.set_chapters(_chapters(chapters, frames, fps))
        with av.open(str(clips[0])) as first:
            video = output.add_stream_from_template(first.streams.video[0])
            template = first.streams.video[0].codec_context.extradata
        video.time_base = Fraction(1, _TICKS)
        sound.seek(0)
        with av.open(sound, "r") as source:
            audio = output.add_stream_from_template(source.streams.audio[0])
            heard = (packet for packet in source.demux(source.streams.audio[0]) if packet.dts is not None)
            for packet in _pictures(clips, frames, fps, template):
                packet.stream = video
                output.mux(packet)
                _catch_up(output, audio, heard, _seconds(packet.dts))
            _catch_up(output, audio, heard, float("inf"))


def _pictures(clips: Sequence[Path], frames: Sequence[int], fps: int, template: bytes | None) -> Iterator[Packet[Any]]:
    start = 0
    for path, count in zip(clips, frames, strict=True):
        with av.open(str(path)) as container:
            yield from _shifted(container, path, count, start, fps, template)
        start += count


def _shifted(
    container: InputContainer, path: Path, count: int, start: int, fps: int, template: bytes | None
) -> Iterator[Packet[Any]]:
    stream = container.streams.video[0]
    if stream.codec_context.extradata != template:
        raise BackendError(f"{path.name} was encoded with other settings than the first clip")
    seen = 0
    for packet in container.demux(stream):
        if packet.pts is None or packet.dts is None:
            continue  # the empty packet that ends a stream
        tick = Fraction(_TICKS, fps)
        for name in ("pts", "dts"):
            place = getattr(packet, name) * packet.time_base * fps
            setattr(packet, name, int((round(place) + start) * tick))
        packet.duration, packet.time_base = int(tick), Fraction(1, _TICKS)
        seen += 1
        yield packet
    if seen != count:
        raise BackendError(f"{path.name} has {seen} frames where {count} were expected")


def _seconds(ticks: int | None) -> float:
    return (ticks or 0) / _TICKS


def _catch_up(output: OutputContainer, audio: av.AudioStream, packets: Iterator[Packet[Any]], until: float) -> None:
    for packet in packets:
        packet.stream = audio
        output.mux(packet)
        if packet.pts is not None and packet.pts / RATE > until:
            return


def _chapters(titles: Sequence[str], frames: Sequence[int], fps: int) -> list[Chapter]:
    starts = [sum(frames[:n]) for n in range(len(frames))]
    return [
        {"id": n + 1, "start": start, "end": start + count, "time_base": Fraction(1, fps), "metadata": {"title": title}}
        for n, (title, start, count) in enumerate(zip(titles, starts, frames, strict=True))
    ]
