"""What a device does not do: have enough memory, or compute what it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gpu_consumers.errors import TransientBackendError
from infra.errors import UnavailableError

#: What CUDA, cuBLAS, cuDNN and Torch-TensorRT say where memory runs out.
_WORDS = ("out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED", "Failed to create execution context")


class DeviceMemoryError(TransientBackendError):
    """The device has not enough memory for this clip, even without the other models."""

    def __init__(self, message: str | None = None, *, company: int = 1) -> None:
        super().__init__(message)
        #: How many clips were made at once.
        self.company = company


class SickError(UnavailableError):
    """The device fails its self-test. The task stays undone, so that another worker takes it."""


@contextmanager
def memory_named(place: Any) -> Iterator[None]:
    """Until the end, memory of a torch device that runs out is torch's `OutOfMemoryError`, whoever meets it: libraries
    have words of their own for that, and compiled code only says that it has failed."""
    import torch

    before = refusals(place)
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError) as error:
        if refusals(place) == before and not any(word in str(error) for word in _WORDS):
            raise
        raise torch.OutOfMemoryError(f"out of memory: {error}") from error


def refusals(place: Any) -> int:
    """How often torch has refused memory of a device so far."""
    import torch

    return int(torch.cuda.memory_stats(place).get("num_ooms", 0)) if place.type == "cuda" else 0
