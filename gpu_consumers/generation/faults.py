"""What a device does not do: have enough memory, or compute what it is asked to."""

from __future__ import annotations

from gpu_consumers.errors import TransientBackendError
from infra.errors import UnavailableError


class DeviceMemoryError(TransientBackendError):
    """The device has not enough memory for this clip, even without the other models."""


class SickError(UnavailableError):
    """The device fails its self-test. The task stays undone, so that another worker takes it."""
