"""What can be wrong with a backup, or with where it is to go."""

from __future__ import annotations

from infra.errors import BadInputError, SwipestreamError


class NotABackupError(BadInputError):
    """There is no backup there."""


class BrokenBackupError(BadInputError):
    """The backup is not what was written: a file is missing, cut short or altered."""


class OccupiedError(SwipestreamError):
    """Something is where the backup is to go."""

    exit_code = 73
