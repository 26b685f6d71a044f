"""`swipestream promote|drop|withdraw`, and `replay promote|drop` for all that a replay made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from infra.cli.console import JsonOption, config, out, print_json
from producers.replay import verdicts
from producers.replay.history import History
from producers.replay.journal import find
from producers.replay.options import OperatorOption, ReasonOption, ReplayArgument, VideoArgument, WhyOption, history
from producers.replay.publish import publish
from producers.replay.results import candidates, revisions
from schemas.base import Message
from schemas.envelope import Envelope

RevisionArgument = Annotated[int, typer.Argument(min=1, help="Which revision.", show_default=False)]
#: From what the log says of a video, and the number of a revision, to the event that settles it.
Verdict = Callable[[History, int], Envelope[Message]]


def promote(
    video_id: VideoArgument, revision: RevisionArgument, operator: OperatorOption, reason: WhyOption = "",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show this revision to viewers from now on.

    It takes the place of the one before; nothing is pushed.

    Example:

      swipestream promote 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 2 --reason "clearer voice"
    """
    told = f"Viewers see revision {revision} of {video_id} from now on."
    _settle(video_id, revision, lambda known, number: verdicts.promote(known, number, operator, reason), told, as_json)


def drop(
    video_id: VideoArgument, revision: RevisionArgument, operator: OperatorOption, reason: WhyOption = "",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a revision up.

    Its files stay, since other revisions may share them.

    Example:

      swipestream drop 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 2 --reason "worse than before"
    """
    told = f"Revision {revision} of {video_id} is dropped."
    _settle(video_id, revision, lambda known, number: verdicts.drop(known, number, operator, reason), told, as_json)


def withdraw(
    video_id: VideoArgument, reason: ReasonOption, operator: OperatorOption, as_json: JsonOption = False
) -> None:
    """Take a video out of every feed, in all of its revisions.

    A new revision is seen when it is promoted.

    Example:

      swipestream withdraw 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --reason "it shows a person who does not want that"
    """
    told = f"{video_id} is withdrawn."
    _settle(video_id, 0, lambda known, _: verdicts.withdraw(known, operator, reason), told, as_json)


def promote_all(
    replay_id: ReplayArgument, operator: OperatorOption, reason: ReasonOption, as_json: JsonOption = False
) -> None:
    """Show viewers every finished revision that a replay made, where they still see what it was made from.

    Example:

      swipestream replay promote 5e0b1e2c --reason "clearer voice"
    """
    _settle_all(replay_id, lambda known, number: verdicts.promote(known, number, operator, reason), as_json)


def drop_all(
    replay_id: ReplayArgument, operator: OperatorOption, reason: ReasonOption, as_json: JsonOption = False
) -> None:
    """Give up every finished revision that a replay made and nobody has promoted.

    Example:

      swipestream replay drop 5e0b1e2c --reason "the voice is worse"
    """
    _settle_all(replay_id, lambda known, number: verdicts.drop(known, number, operator, reason), as_json)


def _settle(video_id: str, revision: int, verdict: Verdict, told: str, as_json: bool) -> None:
    kafka = config().kafka_address
    envelope = verdict(history(kafka, video_id), revision)
    publish(kafka, [envelope])
    if as_json:
        return print_json({"event_id": envelope.id, "type": envelope.type, **envelope.data.model_dump(mode="json")})
    out.print(told, soft_wrap=True)


def _settle_all(replay_id: str, verdict: Verdict, as_json: bool) -> None:
    kafka = config().kafka_address
    chosen = candidates(revisions(kafka, find(kafka, replay_id)))
    publish(kafka, [verdict(known, one.number) for known, one in chosen])
    if as_json:
        told = [{"video_id": known.video_id, "revision": one.number} for known, one in chosen]
        return print_json({"replay_id": replay_id, "revisions": told})
    out.print(f"{len(chosen)} revisions of replay {replay_id}.")


OF_A_VIDEO: dict[str, Callable[..., Any]] = {"promote": promote, "drop": drop, "withdraw": withdraw}
OF_A_REPLAY: dict[str, Callable[..., Any]] = {"promote": promote_all, "drop": drop_all}
