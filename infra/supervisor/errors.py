"""What can go wrong between the parts, each named by its cause."""

from __future__ import annotations

from infra.errors import ConfigurationError, SwipestreamError


class AlreadyRunningError(SwipestreamError):
    """Swipestream is already running on this data folder."""

    exit_code = 75


class NotRunningError(SwipestreamError):
    """Swipestream is not running on this data folder."""

    exit_code = 69


class StartError(SwipestreamError):
    """A part that the others need does not start."""

    exit_code = 70


class PlanError(ConfigurationError):
    """The parts depend on each other in a way that cannot be started."""
