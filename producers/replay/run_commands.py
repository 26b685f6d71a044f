"""`swipestream replay plan|run|resume`: read what happened again, and make videos anew from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from infra.cli.console import JsonOption, config
from producers.replay.journal import find, resumed
from producers.replay.options import OperatorOption, ReasonOption, ReplayArgument, changes, operator
from producers.replay.plan import Plan
from producers.replay.screen import planned, run_to_the_end, show
from producers.replay.selection_options import (
    FailureOption,
    FromOption,
    OfFlavorOption,
    OfModelOption,
    ToOption,
    TopicOption,
    TypeOption,
    VideosOption,
    ViewerOption,
    WithArchetypeOption,
    WithFlavorOption,
    WithModelOption,
    WithSeedOption,
    WithVoiceOption,
    select,
)
from producers.replay.state import ReplayState
from schemas import base, ids
from schemas.prompts import Changes
from schemas.replays import ReplayStarted, Selection


def plan_command(
    topic: TopicOption = None,
    since: FromOption = None,
    until: ToOption = None,
    kind: TypeOption = None,
    viewer: ViewerOption = None,
    video: VideosOption = None,
    flavor: OfFlavorOption = None,
    model: OfModelOption = None,
    failure: FailureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a replay would do, and do nothing: records by type, videos, what they cost when they were made.

    Examples:

      swipestream replay plan --from 7d --flavor default

      swipestream replay plan --failure voice --json
    """
    selection = select(topic, since, until, kind, viewer, video, flavor, model, failure)
    show(planned(config().kafka_address, selection, quiet=as_json), as_json)


def run_command(
    reason: ReasonOption,
    operator: OperatorOption,
    topic: TopicOption = None,
    since: FromOption = None,
    until: ToOption = None,
    kind: TypeOption = None,
    viewer: ViewerOption = None,
    video: VideosOption = None,
    of_flavor: OfFlavorOption = None,
    of_model: OfModelOption = None,
    failure: FailureOption = None,
    regenerate: Annotated[bool, typer.Option("--regenerate", help="Make a new revision of each video.")] = False,
    flavor: WithFlavorOption = None,
    model: WithModelOption = None,
    voice: WithVoiceOption = None,
    seed: WithSeedOption = None,
    archetype: WithArchetypeOption = None,
    rate: Annotated[float, typer.Option(min=0.001, max=10_000, help="Requests a second, at most.")] = 1.0,
    budget: Annotated[float | None, typer.Option(min=0, help="Estimated cost of all requests, at most.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay. It reads and counts; with --regenerate it asks for a new revision of each video, on the lane bulk.

    Ctrl-C pauses it. It goes on with `swipestream replay resume`, and asks for nothing twice.

    Examples:

      swipestream replay run --failure voice --regenerate --reason "the voice is back" --rate 2 --budget 1.50

      swipestream replay run --flavor default --regenerate --with-voice en-gb --reason "clearer voice"
    """
    wanted = changes(flavor, model, voice, seed, archetype, None)
    selection = select(topic, since, until, kind, viewer, video, of_flavor, of_model, failure)
    plan = planned(config().kafka_address, selection, quiet=as_json)
    started = _started(selection, plan, wanted, operator, reason, rate, budget, regenerate=regenerate)
    state = ReplayState(started=started, budget=budget, last_us=started.ts_us)
    run_to_the_end(config().kafka_address, state, plan, started, started.ts_us // 1000, as_json=as_json)


def _started(
    selection: Selection, plan: Plan, wanted: Changes, operator: str, reason: str, rate: float, budget: float | None,
    *, regenerate: bool,
) -> ReplayStarted:  # fmt: skip
    if not regenerate and wanted != Changes():
        raise typer.BadParameter("changes need --regenerate")
    return ReplayStarted(
        replay_id=ids.fresh(), ts_us=base.now_us(), operator=operator, reason=reason, selection=selection,
        regenerate=regenerate, changes=wanted, rate=rate, budget=budget, currency=config().currency,
        records=plan.records, videos=len(plan.videos), estimate=plan.estimate,
    )  # fmt: skip


def resume_command(
    replay_id: ReplayArgument,
    budget: Annotated[float | None, typer.Option(min=0, help="A new budget.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a replay that was paused, or whose process is gone. Asks for nothing twice.

    Example:

      swipestream replay resume 5e0b1e2c --budget 3
    """
    kafka = config().kafka_address
    state = find(kafka, replay_id)
    event = resumed(state, operator(), budget)
    # A minute back, should the clocks of the brokers and of this machine differ.
    since_ms = base.now_us() // 1000 - 60_000
    plan = planned(kafka, state.started.selection, quiet=as_json)
    run_to_the_end(kafka, state, plan, event, since_ms, as_json=as_json)


COMMANDS: dict[str, Callable[..., Any]] = {
    "plan": plan_command,
    "run": run_command,
    "resume": resume_command,
}
