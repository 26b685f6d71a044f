"""`python -m query_api.uploads.probe FILE KIND`: decode a file and say what is in it, as JSON.

A process of its own, with limits on time, memory and what it may write: a decoder that a hostile file breaks takes
nothing else with it.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

#: Pixels of a picture, seconds of a clip, and bytes of memory and seconds of CPU that looking at it may take.
PIXELS, SECONDS = 50_000_000, 600
MEMORY, CPU_S = 2_000_000_000, 20


class RefusedError(ValueError):
    """The file is not what it says, or too much of it."""


def image(path: str) -> dict[str, Any]:
    """Width and height of a picture, turned as its camera says. Decodes all of it."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as picture:
        if picture.width * picture.height > PIXELS:
            raise RefusedError(f"The picture has more than {PIXELS // 1_000_000} million pixels.")
        picture.load()
        turned = ImageOps.exif_transpose(picture)
        return {"width": turned.width, "height": turned.height, "duration_ms": 0}


def clip(path: str) -> dict[str, Any]:
    """Width, height and length of a clip. Reads every packet, decodes every key frame."""
    import av

    with av.open(path, options={"protocol_whitelist": "file"}) as container:
        if not container.streams.video:
            raise RefusedError("There is no picture in it.")
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        seen, last = None, 0.0
        for packet in container.demux(stream):
            if packet.pts is not None and packet.time_base is not None:
                last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if last > SECONDS:
                raise RefusedError(f"It is longer than {SECONDS // 60} minutes.")
            for frame in packet.decode():
                seen = frame
        if seen is None or not seen.width or seen.width * seen.height > PIXELS:
            raise RefusedError("No picture of it can be decoded.")
        upright = int(getattr(seen, "rotation", 0) or 0) % 180 == 0
        size = (seen.width, seen.height) if upright else (seen.height, seen.width)
        return {"width": size[0], "height": size[1], "duration_ms": round(last * 1000)}


def main() -> int:
    """0: what it is; 1: it cannot be decoded, and why."""
    path, kind = sys.argv[1:3]
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        _tell({"image": image, "clip": clip}[kind](path))
    except RefusedError as error:
        _tell({"why": str(error)})
        return 1
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like
        _tell({"why": f"It cannot be decoded ({type(error).__name__})."})
        return 1
    return 0


def _tell(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
