"""`swipestream replay …`: read what happened again, and make videos anew from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from infra.cli.console import JsonOption, config, out, print_json
from infra.kafka.producer import EventProducer
from producers.replay import diff_command, revision_commands
from producers.replay.history import History
from producers.replay.journal import find, order, resumed, states, told
from producers.replay.options import (
    OperatorOption,
    ReasonOption,
    changes,
    operator,
)
from producers.replay.plan import Plan
from producers.replay.results import candidates, results, revisions
from producers.replay.screen import planned, run_to_the_end, show, table
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
from producers.replay.verdicts import drop, promote
from schemas import base, ids
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.prompts import Changes
from schemas.replays import ReplayCancelled, ReplayEvent, ReplayPaused, ReplayStarted, Selection

replay = typer.Typer(no_args_is_help=True, help="Replays: read the log again; make videos anew. Never touches offsets.")

ReplayArgument = Annotated[str, typer.Argument(help="The replay's id, or its beginning.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(replay, name="replay")
    app.command("regenerate")(revision_commands.regenerate)
    app.command("diff")(diff_command.diff)
    app.command("promote")(revision_commands.promote)
    app.command("drop")(revision_commands.drop)


@replay.command("plan")
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


@replay.command("run")
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


@replay.command("status")
def status_command(
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


@replay.command("pause")
def pause_command(
    replay_id: ReplayArgument, operator: OperatorOption, reason: Annotated[str, typer.Option(help="Why.")] = "paused"
) -> None:
    """Let a replay stand still, wherever it runs. What it asked for before is still made.

    Example:

      swipestream replay pause 5e0b1e2c --reason "the workers are needed"
    """
    state = find(config().kafka_address, replay_id)
    _tell(state, order(state, ReplayPaused, operator, reason))
    out.print(f"Replay {state.started.replay_id} pauses.")


@replay.command("cancel")
def cancel_command(
    replay_id: ReplayArgument, operator: OperatorOption, reason: Annotated[str, typer.Option(help="Why.")] = "cancelled"
) -> None:
    """End a replay for good, wherever it runs. What it asked for before is still made.

    Example:

      swipestream replay cancel 5e0b1e2c --reason "not needed any more"
    """
    state = find(config().kafka_address, replay_id)
    _tell(state, order(state, ReplayCancelled, operator, reason))
    out.print(f"Replay {state.started.replay_id} is cancelled.")


@replay.command("resume")
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


@replay.command("promote")
def promote_command(
    replay_id: ReplayArgument, operator: OperatorOption, reason: ReasonOption, as_json: JsonOption = False
) -> None:
    """Show viewers every finished revision that a replay made, where they still see what it was made from.

    Example:

      swipestream replay promote 5e0b1e2c --reason "clearer voice"
    """
    _decide(replay_id, lambda history, number: promote(history, number, operator, reason), as_json)


@replay.command("drop")
def drop_command(
    replay_id: ReplayArgument, operator: OperatorOption, reason: ReasonOption, as_json: JsonOption = False
) -> None:
    """Give up every finished revision that a replay made and nobody has promoted.

    Example:

      swipestream replay drop 5e0b1e2c --reason "the voice is worse"
    """
    _decide(replay_id, lambda history, number: drop(history, number, operator, reason), as_json)


def _decide(replay_id: str, verdict: Callable[[History, int], Envelope[Message]], as_json: bool) -> None:
    kafka = config().kafka_address
    chosen = candidates(revisions(kafka, find(kafka, replay_id)))
    _publish([verdict(history, one.number) for history, one in chosen])
    if as_json:
        told = [{"video_id": history.video_id, "revision": one.number} for history, one in chosen]
        return print_json({"replay_id": replay_id, "revisions": told})
    out.print(f"{len(chosen)} revisions of replay {replay_id}.")


def _tell(state: ReplayState, event: ReplayEvent) -> None:
    _publish([told(state, event)])


def _publish(envelopes: list[Envelope[Message]]) -> None:
    producer = EventProducer(config().kafka_address, "replay")
    try:
        producer.publish_all([(envelope, None) for envelope in envelopes])
    finally:
        producer.close()
