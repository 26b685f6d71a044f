"""The bare encode: the same frames through x264 at `veryfast`, one thread, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import av


def bare_encode(path: Path) -> float:
    """CPU-seconds to encode a video's frames again, held decoded in memory a second at a time."""
    spent = 0.0
    with av.open(str(path)) as source, av.open("/dev/null", "w", format="mp4") as sink:
        video = source.streams.video[0]
        stream = sink.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "23", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        frames: list[av.VideoFrame] = []
        for frame in source.decode(video):
            frames.append(frame)
            if len(frames) == 30:
                spent += _encode(sink, stream, frames)
                frames = []
        spent += _encode(sink, stream, frames)
    return spent


def _encode(sink: av.container.OutputContainer, stream: av.VideoStream, frames: list[av.VideoFrame]) -> float:
    began = time.process_time()
    for frame in frames:
        frame.pict_type = av.video.frame.PictureType.NONE
        for packet in stream.encode(frame):
            sink.mux(packet)
    return time.process_time() - began
