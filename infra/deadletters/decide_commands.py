"""`swipestream dead redrive|edit|discard`: what becomes of letters. Each is a decision with a name and a reason."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.deadletters.editor import new_value
from infra.deadletters.options import (
    By,
    Consumer,
    DryRun,
    Every,
    Ids,
    Key,
    Reason,
    Since,
    Topic,
    choice,
    chosen,
    one,
)  # fmt: skip

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.deadletters.letters import Letter
    from infra.kafka.producer import EventProducer


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

    wanted = choice(ids, consumer, reason, topic, key, since)
    found = [letter for letter in chosen(wanted, every=every) if ids or letter.trial.record.value]
    with _producer(dry_run=dry_run) as producer:
        for letter in actions.paced(found, rate if producer else None):
            actions.check(letter)
            if producer:
                actions.redrive(producer, letter, by=by or getpass.getuser(), why=why)
    _told(found, "redriven", dry_run=dry_run, as_json=as_json)


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

    found = one(letter_id)
    actions.check(found)
    letter = actions.changed(found, new_value(found, value, value_file).encode())
    with _producer(dry_run=dry_run) as producer:
        if producer:
            actions.redrive(producer, letter, by=by or getpass.getuser(), why=why, edited=True)
    _told([letter], "edited and redriven", dry_run=dry_run, as_json=as_json)


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

    found = chosen(choice(ids, consumer, reason, topic, key, since), every=every)
    with _producer(dry_run=dry_run) as producer:
        for letter in found if producer else ():
            if producer:
                actions.discard(producer, letter, by=by or getpass.getuser(), why=why)
    _told(found, "discarded", dry_run=dry_run, as_json=as_json)


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


def _told(letters: list[Letter], what: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows: list[dict[str, Any]] = [{"id": letter.id, "action": what, "dry_run": dry_run} for letter in letters]
        return print_json(rows)
    for letter in letters:
        out.print(f"{'would be ' if dry_run else ''}{what}  {letter.id}  {letter.reason}  {letter.key}", soft_wrap=True)
    err.print(f"{len(letters)} letters {'would be ' if dry_run else ''}{what}.")
