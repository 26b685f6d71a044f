"""The self-test of a device: whole numbers whose product is exact, and memory that keeps what it is given."""

from __future__ import annotations

import threading
from typing import Any

from gpu_consumers.generation.faults import memory_named

#: Numbers from -4 to 4: every product and sum of this many is exact in float32, and in TF32.
_WIDTH, _MOST = 512, 4
_WORDS = 16 * 2**20
#: A device that says nothing for so long has failed.
PATIENCE_S = 60.0


def failing(place: Any, patience_s: float = PATIENCE_S) -> str | None:
    """Why a torch device cannot be trusted with work; None: it computes and remembers."""
    told: list[str | None] = []
    thread = threading.Thread(target=lambda: told.append(_failing(place)), name="self-test", daemon=True)
    thread.start()
    thread.join(patience_s)
    return told[0] if told else f"it has not answered for {patience_s:g} s"


def _failing(place: Any) -> str | None:
    import torch

    try:
        with memory_named(place):
            if not _same(product(place)):
                return "it multiplies wrongly"
            return None if remembers(place) else "its memory does not keep what is written"
    except torch.OutOfMemoryError:
        return None  # it is full, which is no fault of its
    except Exception as error:  # noqa: BLE001 - drivers raise whatever they like
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"


def product(place: Any) -> Any:
    """A matrix product, computed on the device, on the CPU."""
    import torch

    chance = torch.Generator("cpu").manual_seed(1)
    one, two = (torch.randint(-_MOST, _MOST + 1, (_WIDTH, _WIDTH), generator=chance).float() for _ in range(2))
    return (one.to(place) @ two.to(place)).cpu()


def _same(found: Any) -> bool:
    import torch

    return bool(torch.equal(found, product(torch.device("cpu"))))


def remembers(place: Any) -> bool:
    """Whether 64 MiB come back as they were written."""
    import torch

    written = torch.arange(_WORDS, dtype=torch.int32)
    return bool(torch.equal(written.to(place).clone().cpu(), written))
