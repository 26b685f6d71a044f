"""`swipestream dead list|show|edit|redrive|discard`."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.contracts.moments import moment_ms
from infra.errors import BadInputError, NotFoundError

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.deadletters.choice import Choice
    from infra.deadletters.letters import Letter
    from infra.kafka.producer import EventProducer

dead = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: records that a consumer could not handle, with the reason, kept until somebody decides.",
    epilog="Begin with `swipestream dead list`; mend the cause; then `swipestream dead redrive --reason …`.",
)

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


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(dead, name="dead")


@dead.command("list")
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
    found = _find(_choice(None, consumer, reason, topic, key, since, decided=decided))
    if as_json:
        return print_json([letter.as_json() for letter in found[-limit:]])
    out.print(_table(found[-limit:]))
    for (name, error), count in sorted(Counter((letter.consumer, letter.reason) for letter in found).items()):
        err.print(f"{count:>6} {name}: {error}")
    err.print(f"{len(found)} dead letters." if found else "No dead letters.")


@dead.command("show")
def show(letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` shows it.")]) -> None:
    """Show one letter as JSON: why it died, where it comes from, its headers and its value.

    Example:

      swipestream dead show scene-worker/0/17
    """
    print_json(_one(letter_id, decided=True).as_json(whole=True))


@dead.command("redrive")
def redrive(
    ids: Ids = None, consumer: Consumer = "", reason: Reason = "", topic: Topic = "", key: Key = "", since: Since = "",
    every: Every = False, dry_run: DryRun = False,
    rate: Annotated[float | None, typer.Option(help="At most this many a second.", min=0.01)] = None,
    why: Annotated[str, typer.Option(help="Why it will work now; kept with the decision.")] = "",
    by: By = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Send letters back to the consumer that failed, and to it alone; they start anew with their first attempt.

    What dies again is listed again, as a new letter. Letters without a record (broken batches) are left out.

    Examples:

      swipestream dead redrive scene-worker/0/17

      swipestream dead redrive --consumer script-worker --reason TransientBackendError --dry-run

      swipestream dead redrive --all --rate 5 --why "the renderer is fixed"
    """
    from infra.deadletters import actions

    choice = _choice(ids, consumer, reason, topic, key, since)
    found = [letter for letter in _chosen(choice, every=every) if ids or letter.trial.record.value]
    with _producer(dry_run=dry_run) as producer:
        for letter in actions.paced(found, rate if producer else None):
            actions.check(letter)
            if producer:
                actions.redrive(producer, letter, by=by or getpass.getuser(), why=why)
    _told(found, "redriven", dry_run=dry_run, as_json=as_json)


@dead.command("edit")
def edit(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` shows it.")],
    value: Annotated[str | None, typer.Option(help="The new value, JSON; without it, $EDITOR opens.")] = None,
    value_file: Annotated[Path | None, typer.Option(help="A file with the new value; - is standard input.")] = None,
    why: Annotated[str, typer.Option(help="Why it was changed; kept with the decision.")] = "",
    dry_run: DryRun = False, by: By = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Change the value of a letter and send it back. Key and headers stay; the value must follow its contract.

    Examples:

      swipestream dead edit scene-worker/0/17

      swipestream dead show scene-worker/0/17 | jq '.value | .flavor = "default"' | swipestream dead edit scene-worker/0/17 --value-file -
    """  # noqa: E501 - one line, to be copied
    from infra.deadletters import actions

    found = _one(letter_id)
    actions.check(found)
    letter = actions.changed(found, _new_value(found, value, value_file).encode())
    with _producer(dry_run=dry_run) as producer:
        if producer:
            actions.redrive(producer, letter, by=by or getpass.getuser(), why=why, edited=True)
    _told([letter], "edited and redriven", dry_run=dry_run, as_json=as_json)


@dead.command("discard")
def discard(
    why: Annotated[str, typer.Option(help="Why nothing is lost without them; kept with the decision.")],
    ids: Ids = None, consumer: Consumer = "", reason: Reason = "", topic: Topic = "", key: Key = "", since: Since = "",
    every: Every = False, dry_run: DryRun = False, by: By = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give letters up: they are not listed any more. Who did it and why stays in the topic dead-decisions.

    Examples:

      swipestream dead discard projector/0/3 --why "a test wrote it"

      swipestream dead discard --topic swipes --since 1h --why "malformed client, fixed" --dry-run
    """
    from infra.deadletters import actions

    found = _chosen(_choice(ids, consumer, reason, topic, key, since), every=every)
    with _producer(dry_run=dry_run) as producer:
        for letter in found if producer else ():
            if producer:
                actions.discard(producer, letter, by=by or getpass.getuser(), why=why)
    _told(found, "discarded", dry_run=dry_run, as_json=as_json)


def _choice(
    ids: list[str] | None, consumer: str, reason: str, topic: str, key: str, since: str, *, decided: bool = False
) -> Choice:  # fmt: skip
    from infra.deadletters.choice import Choice

    return Choice(
        ids=tuple(ids or ()), consumer=consumer, reason=reason, topic=topic, key=key, decided=decided,
        since_ms=moment_ms(since, datetime.now(UTC)) if since else None,
    )  # fmt: skip


def _find(choice: Choice) -> list[Letter]:
    from infra.deadletters.choice import choose
    from infra.deadletters.letters import read_letters

    found = choose(read_letters(config().kafka_address, choice.consumers), choice)
    return sorted(found, key=lambda letter: (letter.failed_at_ms, letter.id))


def _chosen(choice: Choice, *, every: bool) -> list[Letter]:
    from infra.deadletters.choice import all_found, insist

    insist(choice, every=every)
    found = _find(choice)
    all_found(found, choice)
    return found


def _one(letter_id: str, *, decided: bool = False) -> Letter:
    found = _find(_choice([letter_id], "", "", "", "", "", decided=decided))
    if not found:
        raise NotFoundError(f"There is no letter {letter_id}.", hint="`swipestream dead list` shows those that are.")
    return found[0]


@contextmanager
def _producer(*, dry_run: bool) -> Iterator[EventProducer | None]:
    from infra.kafka.producer import EventProducer

    if dry_run:
        yield None
        return
    producer = EventProducer(config().kafka_address, "swipestream-dead")
    try:
        yield producer
    finally:
        producer.close()


def _new_value(letter: Letter, value: str | None, file: Path | None) -> str:
    if value is not None:
        return value
    if file is not None:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    if not sys.stdin.isatty():
        raise BadInputError("There is no terminal for an editor.", hint="Give --value or --value-file.")
    return _in_editor(json.dumps(letter.value, indent=2, ensure_ascii=False))


def _in_editor(text: str) -> str:
    """The text after the operator's editor was closed. Raises BadInputError when it was left as it is."""
    with tempfile.NamedTemporaryFile("w", prefix="letter-", suffix=".json", delete=False) as file:
        file.write(text)
    place = Path(file.name)
    try:
        subprocess.run([*shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"), place], check=True)
        edited = place.read_text()
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadInputError(f"The editor did not work: {error}", hint="Set EDITOR, or give --value-file.") from error
    finally:
        place.unlink(missing_ok=True)
    if edited.strip() == text.strip():
        raise BadInputError("Nothing was changed.")
    return edited


def _told(letters: list[Letter], what: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows: list[dict[str, Any]] = [{"id": letter.id, "action": what, "dry_run": dry_run} for letter in letters]
        return print_json(rows)
    for letter in letters:
        out.print(f"{'would be ' if dry_run else ''}{what}  {letter.id}  {letter.reason}  {letter.key}", soft_wrap=True)
    err.print(f"{len(letters)} letters {'would be ' if dry_run else ''}{what}.")


def _table(letters: list[Letter]) -> Table:
    table = Table("id", "died", "reason", "tries", "from", "key", "message", box=None, pad_edge=False)
    for letter in letters:
        record = letter.trial.record
        died = datetime.fromtimestamp(letter.failed_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        state = f" ({letter.decided.action} by {letter.decided.by})" if letter.decided else ""
        table.add_row(
            letter.id, died, Text(letter.reason + state, style="red"), str(letter.trial.attempt),
            f"{record.topic}/{record.partition}/{record.offset}", Text(letter.key), Text(letter.message[:80]),
        )  # fmt: skip
    return table
