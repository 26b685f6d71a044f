"""What a replay shows on the terminal while it runs, and what it says in the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from infra.cli.console import err, out, print_json
from infra.ending import interrupts
from infra.kafka.producer import EventProducer
from producers.replay.follow import Follower
from producers.replay.journal import TOPIC, Told, beginning, told
from producers.replay.ledger import UNWANTED
from producers.replay.plan import Plan, read
from producers.replay.runner import Runner
from producers.replay.state import ReplayState, Status, after
from schemas.replays import ReplayCancelled, ReplayEvent, ReplayPaused, ReplayStarted, Selection


def _bar(what: str, *, quiet: bool) -> Progress:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty())


def planned(kafka: str, selection: Selection, *, quiet: bool) -> Plan:
    """The plan, with a bar while the log is read. Raises UnavailableError, NotFoundError."""
    with _bar("reading", quiet=quiet) as bar:
        task = bar.add_task("", total=None)
        return read(kafka, selection, lambda done, total: bar.update(task, completed=done, total=total))


def show(plan: Plan, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        return print_json(plan.as_json())
    for kind, number in plan.by_type.items():
        out.print(f"{number:>8}  {kind}")
    cost = plan.estimate
    out.print(
        f"{plan.records:>8}  records, about {len(plan.videos)} videos\n"
        f"Making them again: up to {cost.cpu_seconds:.1f} CPU-seconds, {cost.gpu_seconds:.1f} GPU-seconds, "
        f"{cost.amount:.6f} {cost.currency}; what is unchanged is reused.",
        soft_wrap=True,
    )


def run_to_the_end(
    kafka: str, state: ReplayState, plan: Plan, first: ReplayEvent, since_ms: int, *, as_json: bool
) -> None:  # fmt: skip
    """Write the first event, run, and print how it ended. Ctrl-C pauses. Raises UnavailableError.

    `since_ms`: a moment before the plan was read, so that what has become of revisions since then is not missed.
    """
    producer = EventProducer(kafka, "replay")
    try:
        with (
            Follower(kafka, TOPIC) as follower,
            Follower(kafka, "video-events", since_ms=since_ms) as facts,
            interrupts() as stopped,
            _bar("asked for", quiet=as_json) as bar,
        ):
            state = _begin(Told(producer), state, first)
            task = bar.add_task("", total=len(plan.videos))
            runner = Runner(
                state, Told(producer), lambda: _orders(follower, state.started.replay_id),
                lambda now: bar.update(task, completed=now.requested + now.skipped), stopped,
                lambda: (received.envelope.data for received in facts.of(state.started.replay_id, *UNWANTED)),
            )  # fmt: skip
            ended = runner.run(plan.videos if state.started.regenerate else ())
    finally:
        producer.close()
    _ended(ended, plan, as_json)


def _begin(publisher: Told, state: ReplayState, first: ReplayEvent) -> ReplayState:
    envelope = beginning(first) if isinstance(first, ReplayStarted) else told(state, first)
    publisher.publish_all([(envelope, None)])
    return replace(after(state, first), last_us=first.ts_us)


def _orders(follower: Follower, replay_id: str) -> Iterator[ReplayEvent]:
    """What operators wrote meanwhile. This process's own pause is its last event, so it is not taken for theirs."""
    for received in follower.poll(replay_id):
        event = received.envelope.data
        if isinstance(event, ReplayPaused | ReplayCancelled):
            yield event


def _ended(state: ReplayState, plan: Plan, as_json: bool) -> None:
    if as_json:
        return print_json(state.as_json() | {"by_type": plan.by_type})
    if not state.started.regenerate:
        show(plan, as_json=False)
    out.print(
        f"Replay {state.started.replay_id} is {state.status.value}{f': {state.why}' if state.why else ''}. "
        f"{state.requested} revisions were asked for, {state.skipped} videos passed over; "
        f"up to {state.committed.amount:.6f} {state.committed.currency}.",
        soft_wrap=True,
    )
    if state.status is Status.PAUSED:
        out.print(f"Go on: swipestream replay resume {state.started.replay_id}", soft_wrap=True)


def table(states: list[ReplayState]) -> None:
    """Print replays, one line each."""
    if not states:
        return out.print("No replays yet.")
    # An id that is cut short cannot be given to the next command.
    shown = Table(Column("replay", no_wrap=True, min_width=36), "status", "done", "by", "why", box=None, pad_edge=False)
    for state in states:
        started = state.started
        done = f"{state.requested + state.skipped}/{started.videos}" if started.regenerate else "read"
        shown.add_row(started.replay_id, state.status.value, done, started.operator, state.why or started.reason)
    return out.print(shown)
