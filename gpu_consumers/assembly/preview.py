"""The preview: the first seconds of a video, silent, copied packet by packet, so that it costs next to nothing."""

from __future__ import annotations

import os
from pathlib import Path

import av

from gpu_consumers.errors import BackendError

SECONDS = 3.0


def write_preview(video: Path, out: Path, seconds: float = SECONDS) -> None:
    """Write the pictures of the first `seconds` to `out`. Raises `BackendError`."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    try:
        with av.open(str(video)) as source, av.open(str(part), "w", format="mp4", container_options=options) as made:
            pictures = source.streams.video[0]
            stream = made.add_stream_from_template(pictures)
            stream.time_base = pictures.time_base
            for packet in source.demux(pictures):
                # In the order of decoding the first late one ends what can be shown without a gap.
                if packet.pts is None or packet.pts * packet.time_base >= seconds:
                    break
                packet.stream = stream
                made.mux(packet)
        part.replace(out)
    except (av.FFmpegError, OSError, IndexError) as failure:
        raise BackendError(f"the preview could not be made: {failure}") from failure
    finally:
        part.unlink(missing_ok=True)
