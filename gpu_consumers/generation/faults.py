"""What a device does not do: have enough memory, or compute what it is asked to."""

from __future__ import annotations

from gpu_consumers.errors import TransientBackendError
from infra.errors import UnavailableError


class DeviceMemoryError(TransientBackendError):
    """The device has not enough memory for this clip, even without the other models."""

    def __init__(self, message: str | None = None, *, company: int = 1) -> None:
        super().__init__(message)
        #: How many clips were made at once.
        self.company = company


class SickError(UnavailableError):
    """The device fails its self-test. The task stays undone, so that another worker takes it."""
