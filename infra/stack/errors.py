"""What can stop the local stack from starting, each named by its cause."""

from __future__ import annotations

from infra.errors import ConfigurationError, DeadlineError, SwipestreamError, UnavailableError


class PortInUseError(SwipestreamError):
    """Another program already listens on a port that is needed."""

    exit_code = 69


class NotWritableError(SwipestreamError):
    """The data folder cannot be written."""

    exit_code = 77


class DiskFullError(SwipestreamError):
    """There is too little disk space left."""

    exit_code = 74


class LowMemoryError(SwipestreamError):
    """There is too little memory left."""

    exit_code = 71


class DownloadError(UnavailableError):
    """A jar of the local stack could not be downloaded."""


class DockerError(UnavailableError):
    """Docker could not start the stack."""


class NoJavaError(ConfigurationError):
    """No Java 17 was found."""


class PartDiedError(SwipestreamError):
    """A part of the local stack ended while it started."""

    exit_code = 70


class NotReadyError(DeadlineError):
    """A part of the local stack did not get ready in time."""
