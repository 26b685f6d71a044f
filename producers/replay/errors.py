"""Why something cannot be replayed or made again."""

from __future__ import annotations

from infra.errors import BadInputError, NotFoundError, SwipestreamError


class UnknownVideoError(NotFoundError):
    """The log knows no such video."""


class UnknownRevisionError(NotFoundError):
    """The video has no such revision, or it was never finished."""


class UnknownReplayError(NotFoundError):
    """There is no replay with that id."""


class NotRegenerableError(BadInputError):
    """The video cannot be made again from what the log knows of it."""


class ChangeError(BadInputError):
    """These changes do not go together."""


class ReplayEndedError(BadInputError):
    """The replay has ended: it cannot be paused, resumed or cancelled."""


class RevisionRefusedError(SwipestreamError):
    """The revision will not appear."""

    exit_code = 2
