"""`swipestream replay status`: every replay, or one and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.console import JsonOption, config, out, print_json
from producers.replay.journal import find, states
from producers.replay.results import results
from producers.replay.screen import table
from producers.replay.state import ReplayState


def status(
    replay_id: Annotated[str | None, typer.Argument(help="Only this one.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Show every replay, or one: who, why, how far, what became of what it asked for.

    Examples:

      swipestream replay status

      swipestream replay status 5e0b1e2c --json
    """
    kafka = config().kafka_address
    if replay_id:
        return _one(kafka, find(kafka, replay_id), as_json)
    everything = states(kafka)
    if as_json:
        return print_json([state.as_json() for state in everything])
    table(everything)


def _one(kafka: str, state: ReplayState, as_json: bool) -> None:
    found = results(kafka, state)
    if as_json:
        return print_json(state.as_json() | {"results": found})
    table([state])
    counts = ", ".join(f"{number} {name}" for name, number in found["counts"].items() if number)
    cost = found["cost"]
    out.print(f"revisions: {counts or 'none'}; so far {cost['amount']:.6f} {cost['currency']}", soft_wrap=True)
