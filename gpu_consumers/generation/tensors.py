"""Pictures as the tensors that networks take, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError, BackendMissingError

#: (h, w, 3) in sRGB.
Picture = npt.NDArray[np.uint8]


def given(torch: Any, picture: Picture, place: Any, dtype: Any) -> Any:
    """(1, 3, h, w) from 0 to 1, on the device."""
    held = torch.from_numpy(np.ascontiguousarray(picture)).to(place)
    return held.permute(2, 0, 1)[None].to(dtype) / 255


def taken(torch: Any, made: Any, file: Path) -> Picture:
    """(h, w, 3) in levels. Raises `BackendError` for what is no number: half precision may overflow."""
    if not torch.isfinite(made).all():
        raise BackendError(f"{file} computes what is no number")
    levels = (made[0].float().clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return np.asarray(levels.permute(1, 2, 0).cpu().numpy(), np.uint8)


def levels(clip: Any) -> npt.NDArray[np.uint8]:
    """(frames, h, w, 3) in levels from (frames, 3, h, w) from 0 to 1: worked out where the tensor lies, so that a
    quarter of its bytes leaves the device, and not the processor does it while the device waits."""
    counted = clip.float().mul(255).add_(0.5).byte()
    return np.asarray(counted.permute(0, 2, 3, 1).contiguous().cpu().numpy(), np.uint8)


def there(file: Path) -> None:
    if not file.is_file():
        raise BackendMissingError(f"{file} is not there", hint=f"Put it there: {file}")


def first(error: Any) -> str:
    last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return last.split(". ")[0].removesuffix(".")[:200]
