"""Which letters are meant: options that several commands have, and what they choose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.console import config
from infra.contracts.moments import moment_ms
from infra.errors import NotFoundError

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.deadletters.choice import Choice
    from infra.deadletters.letters import Letter

Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `dead list` shows them.", show_default=False)]
Consumer = Annotated[str, typer.Option(help="Only of this consumer, such as scene-worker.")]
Reason = Annotated[str, typer.Option(help="Only with this error, such as BackendError.")]
Topic = Annotated[str, typer.Option(help="Only records that came from this topic.")]
Key = Annotated[str, typer.Option(help="Only records with this key.")]
Since = Annotated[
    str, typer.Option(help="Only those that died from this moment on: an ISO 8601 time, or 90m, 12h, 7d.")
]
Every = Annotated[bool, typer.Option("--all", help="Every letter; instead of ids and filters.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
By = Annotated[str, typer.Option(help="Who decides.", envvar="SWIPESTREAM_OPERATOR", show_default="the login name")]


def choice(
    ids: list[str] | None, consumer: str, reason: str, topic: str, key: str, since: str, *, decided: bool = False
) -> Choice:  # fmt: skip
    """The choice that the options name. Raises BadMomentError."""
    from infra.deadletters.choice import Choice

    return Choice(
        ids=tuple(ids or ()), consumer=consumer, reason=reason, topic=topic, key=key, decided=decided,
        since_ms=moment_ms(since, datetime.now(UTC)) if since else None,
    )  # fmt: skip


def find(wanted: Choice) -> list[Letter]:
    """The letters that fit, the newest last. Raises UnavailableError."""
    from infra.deadletters.choice import choose
    from infra.deadletters.letters import read_letters

    found = choose(read_letters(config().kafka_address, wanted.consumers), wanted)
    return sorted(found, key=lambda letter: (letter.failed_at_ms, letter.id))


def chosen(wanted: Choice, *, every: bool) -> list[Letter]:
    """The same, for doing something to them. Raises BadInputError for everything by accident, NotFoundError."""
    from infra.deadletters.choice import all_found, insist

    insist(wanted, every=every)
    found = find(wanted)
    all_found(found, wanted)
    return found


def one(letter_id: str, *, decided: bool = False) -> Letter:
    """One letter. Raises NotFoundError."""
    found = find(choice([letter_id], "", "", "", "", "", decided=decided))
    if not found:
        raise NotFoundError(f"There is no letter {letter_id}.", hint="`swipestream dead list` shows those that are.")
    return found[0]
