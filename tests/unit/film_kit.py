"""Films for what is measured of many of them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def film(file: Path, seed: int, *, bright: int = 0, seconds: float = 3.0, rate: int = 12) -> Path:
    """Coloured stripes that wander."""
    chance = np.random.default_rng(seed)
    colour, pace = chance.integers(60, 160, 3) + bright, chance.uniform(1, 4)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 128, "yuv420p"
        for number in range(round(seconds * rate)):
            stripes = np.sin((np.arange(96) + number * pace) / 7)[None, :, None] * 30
            picture = np.clip(np.broadcast_to(stripes, (128, 96, 1)) + colour, 0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return file
