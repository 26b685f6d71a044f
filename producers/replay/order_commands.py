"""`swipestream replay pause|cancel`: orders to a replay, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.cli.console import config, out
from producers.replay.journal import find, order, told
from producers.replay.options import OperatorOption, ReplayArgument, WhyOption
from producers.replay.publish import publish
from schemas.replays import ReplayCancelled, ReplayPaused


def pause(replay_id: ReplayArgument, operator: OperatorOption, reason: WhyOption = "paused") -> None:
    """Let a replay stand still, wherever it runs. What it asked for before is still made.

    Example:

      swipestream replay pause 5e0b1e2c --reason "the workers are needed"
    """
    out.print(f"Replay {_give(replay_id, ReplayPaused, operator, reason)} pauses.")


def cancel(replay_id: ReplayArgument, operator: OperatorOption, reason: WhyOption = "cancelled") -> None:
    """End a replay for good, wherever it runs. What it asked for before is still made.

    Example:

      swipestream replay cancel 5e0b1e2c --reason "not needed any more"
    """
    out.print(f"Replay {_give(replay_id, ReplayCancelled, operator, reason)} is cancelled.")


def _give(replay_id: str, kind: type[ReplayPaused] | type[ReplayCancelled], operator: str, reason: str) -> str:
    """The whole id of the replay that the order was given to."""
    state = find(config().kafka_address, replay_id)
    publish(config().kafka_address, [told(state, order(state, kind, operator, reason))])
    return state.started.replay_id


COMMANDS: dict[str, Callable[..., Any]] = {"pause": pause, "cancel": cancel}
