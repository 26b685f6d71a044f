"""`swipestream dead list|show`: what lies there, and why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from infra.cli.console import JsonOption, err, out, print_json
from infra.deadletters.options import Consumer, Key, Reason, Since, Topic, choice, find, one

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.deadletters.letters import Letter


def list_letters(
    consumer: Consumer = "", reason: Reason = "", topic: Topic = "", key: Key = "", since: Since = "",
    decided: Annotated[bool, typer.Option("--decided", help="Those too that were sent back or discarded.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many, the newest.", min=1)] = 100,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List dead letters, the newest last, and count them by reason.

    Examples:

      swipestream dead list

      swipestream dead list --consumer scene-worker --reason BackendError --since 2h --json
    """
    found = find(choice(None, consumer, reason, topic, key, since, decided=decided))
    if as_json:
        return print_json([letter.as_json() for letter in found[-limit:]])
    for letter in found[-limit:]:
        out.print(_told(letter), soft_wrap=True)
    for (name, error), count in sorted(Counter((letter.consumer, letter.reason) for letter in found).items()):
        err.print(f"{count:>6} {name}: {error}")
    err.print(f"{len(found)} dead letters." if found else "No dead letters.")


def show(letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` shows it.")]) -> None:
    """Show one letter as JSON: why it died, where it comes from, its headers and its value.

    Example:

      swipestream dead show scene-worker/0/17
    """
    print_json(one(letter_id, decided=True).as_json(whole=True))


def _told(letter: Letter) -> Text:
    """Which one, when and why, after how many tries; below that what it was, from where, and the message."""
    record = letter.trial.record
    died = datetime.fromtimestamp(letter.failed_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    state = f", {letter.decided.action} by {letter.decided.by}" if letter.decided else ""
    return Text.assemble(
        (letter.id, "bold"), f"  {died}  ", (letter.reason, "red"), f"  try {letter.trial.attempt}{state}\n",
        (f"  {record.topic}/{record.partition}/{record.offset}  {letter.key}\n", "dim"),
        f"  {letter.message[:200]}" if letter.message else "  no message",
    )  # fmt: skip
