"""Why a record cannot be read. The class is the reason that the dead-letter topic records."""

from __future__ import annotations


class DecodeError(ValueError):
    """The record cannot be read as an event or a task."""


class EmptyRecordError(DecodeError):
    """The record has no value."""


class MissingKeyError(DecodeError):
    """The record has no key."""


class MissingHeaderError(DecodeError):
    """A CloudEvents header is missing or is not text."""


class UnknownTypeError(DecodeError):
    """No contract has that type name."""


class UnknownVersionError(DecodeError):
    """The contract is known, but not in that version."""


class WrongTopicError(DecodeError):
    """The contract does not belong on that topic."""


class InvalidPayloadError(DecodeError):
    """The value is not what the contract says."""


class KeyMismatchError(DecodeError):
    """The record's key is not the one that its contract says."""
