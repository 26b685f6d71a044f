"""Errors of backends. Whether to try again is part of the type, so that policies need no text matching."""

from __future__ import annotations

from infra.errors import SwipestreamError, TransientError


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
