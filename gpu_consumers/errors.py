"""Errors of backends. Whether to try again is part of the type, so that policies need no text matching."""

from __future__ import annotations

from infra.errors import SwipestreamError, TransientError
from schemas.works import Cost


class BackendError(SwipestreamError):
    """A backend could not do its work, and trying the same again will not help."""


class TransientBackendError(BackendError, TransientError):
    """A backend could not do its work this time."""


class QualityError(BackendError):
    """What was made is not fit to be published."""


class RefusedError(BackendError):
    """What was made did not pass moderation."""


class PaidError(BackendError):
    """Another try would cost money again: none is made unasked."""


class BackendMissingError(BackendError):
    """A backend cannot run here: a package, a device or weights are missing."""


class UnwantedError(SwipestreamError):
    """Nobody wants any more what the work is for."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        #: What a device has spent on it so far, and joules: told by the backend that used one.
        self.gpu_seconds = self.gpu_joules = 0.0
        #: How far it was, 0 to 1.
        self.fraction = 0.0
        #: What is not in any other event yet; None: all that the task has cost.
        self.cost: Cost | None = None
