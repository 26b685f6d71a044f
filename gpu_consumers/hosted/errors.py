"""What can go wrong with a hosted generator. Whether something may have been bought is part of the type."""

from __future__ import annotations

from gpu_consumers.errors import BackendError, BackendMissingError, PaidError, TransientBackendError
from infra.errors import UnavailableError


class BusyError(TransientBackendError):
    """The provider did not take the request: nothing was bought, and asking again may help."""

    def __init__(self, message: str, *, after_s: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        #: How long the provider asks to be left alone, in seconds.
        self.after_s = after_s


class LostError(BusyError):
    """Nobody knows whether the provider took the request: it answered with an error of its own, or not at all."""


class RefusedError(PaidError):
    """The provider refused the request as it is."""


class GoneError(BackendError):
    """The provider does not know the job."""


class DoubtError(PaidError):
    """Whether the job was bought cannot be found out, so it is not bought again."""


class JobFailedError(PaidError):
    """The job failed at the provider. Another one costs money again, so none is ordered unasked."""


class LateError(PaidError):
    """The job takes longer than the manifest allows. Its result is kept when it comes."""


class BudgetError(BackendMissingError):
    """The provider's budget for today is spent."""


class FullError(UnavailableError):
    """As many jobs are under way as the manifest allows; the scene waits for one of them to end."""
