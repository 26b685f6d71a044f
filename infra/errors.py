"""One error root; every leaf is named by its cause and its docstring is its default message."""

from __future__ import annotations

import inspect


class SwipestreamError(Exception):
    """Swipestream could not do what was asked."""

    #: Exit code of the CLI when this error ends a command (sysexits.h where one fits).
    exit_code = 1

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)
        #: What the reader can do about it, in one sentence.
        self.hint = hint


def explained(error: Exception) -> str:
    """What went wrong and what can be done about it, for events: their readers see no log. At most 2000 characters."""
    said, hint = str(error) or type(error).__name__, getattr(error, "hint", None)
    return (f"{said.removesuffix('.')}. {hint}" if hint else said)[:2000]


class ConfigurationError(SwipestreamError):
    """A setting has a value that cannot be used."""

    exit_code = 78


class UnavailableError(SwipestreamError):
    """A service that is needed does not answer."""

    exit_code = 69


class StoreAwayError(UnavailableError):
    """A store, Kafka or Cassandra, does not answer."""

    def __init__(self, store: str, why: str) -> None:
        super().__init__(
            f"{store} does not answer: {why}.",
            hint="`swipestream status` shows what runs here, `swipestream up` starts it (`--stores`: nothing else); "
            f"SWIPESTREAM_{store.upper()} names one that runs elsewhere, "
            f"SWIPESTREAM_{store.upper()}_{'SECURITY_PROTOCOL' if store == 'Kafka' else 'TLS'} how it speaks.",
        )


class StoreRefusedError(UnavailableError):
    """A store, Kafka or Cassandra, does not let us in."""

    exit_code = 77

    def __init__(self, store: str, why: str, settings: str) -> None:
        super().__init__(f"{store} refuses us: {why.rstrip('.')}.", hint=f"See {settings}.")


class TransientError(SwipestreamError):
    """It did not work this time; it may work later."""

    exit_code = 75


class NotFoundError(SwipestreamError):
    """There is nothing with that name or id."""

    exit_code = 66


class BadInputError(SwipestreamError):
    """The input cannot be used."""

    exit_code = 65


class DeadlineError(SwipestreamError):
    """It took longer than the time that was allowed."""

    exit_code = 75
