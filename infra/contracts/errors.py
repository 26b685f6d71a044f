"""What can go wrong with contracts. Each message says what, each hint says what to do."""

from __future__ import annotations

from infra.errors import BadInputError, ConfigurationError, SwipestreamError, UnavailableError


class DriftError(SwipestreamError):
    """Generated documents differ from what the contracts say."""


class IncompatibleError(SwipestreamError):
    """A contract changed in a way that its readers or its records do not bear."""


class NoCheckoutError(ConfigurationError):
    """Contracts are generated and published in a checkout of the source, and this is none."""


class RegistryUnreachableError(UnavailableError):
    """The schema registry does not answer."""


class RegistryRefusedError(SwipestreamError):
    """The schema registry did not take a schema."""


class BadMomentError(BadInputError):
    """A moment is an ISO 8601 time or how long ago it was: 2026-01-31, 2026-01-31T12:00:00Z, 90m, 7d."""
