"""`swipestream regenerate`: the next revision of one video."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.errors import DeadlineError
from producers.replay.errors import RevisionRefusedError
from producers.replay.follow import Follower
from producers.replay.options import (
    ArchetypeOption,
    FlavorOption,
    ModelOption,
    OperatorOption,
    ReasonOption,
    SeedOption,
    TextOption,
    VideoArgument,
    VoiceOption,
    changes,
    history,
)
from producers.replay.publish import publish
from producers.replay.request import Order, request
from producers.replay.verdicts import SOURCE
from schemas.envelope import root
from schemas.prompts import RevisionRequested
from schemas.values import Lane
from schemas.videos import PromptRejected, VideoFailed, VideoPublished

LaneOption = Annotated[Lane, typer.Option(metavar="LANE", help="How urgent it is: interactive, prefetch or bulk.")]


def regenerate(
    video_id: VideoArgument,
    reason: ReasonOption,
    operator: OperatorOption,
    flavor: FlavorOption = None,
    model: ModelOption = None,
    voice: VoiceOption = None,
    seed: SeedOption = None,
    archetype: ArchetypeOption = None,
    text: TextOption = None,
    scene: Annotated[list[int] | None, typer.Option(help="Redo only this scene; may be repeated.")] = None,
    base: Annotated[int | None, typer.Option(help="From this revision, instead of the one that is shown.")] = None,
    lane: LaneOption = Lane.BULK,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the revision is there.")] = False,
    timeout: Annotated[float, typer.Option(help="Give up waiting after this many seconds.")] = 600,
    as_json: JsonOption = False,
) -> None:
    """Make a video once more, with something changed.

    What is unchanged is reused; nobody sees it until it is promoted.

    Examples:

      swipestream regenerate 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --voice en-gb --reason "clearer voice" --wait

      swipestream regenerate 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --scene 2 --seed 7 --reason "too dark"
    """
    wanted = changes(flavor, model, voice, seed, archetype, text)
    order = Order(
        changes=wanted, operator=operator, reason=reason, redo=tuple(sorted(set(scene or ()))), base=base, lane=lane,
    )  # fmt: skip
    kafka = config().kafka_address
    asked = request(history(kafka, video_id), order)
    answer = _asked(asked)
    with Follower(kafka, "video-events") as follower:
        publish(kafka, [root(asked, source=SOURCE)])
        if wait:
            with err.status(f"Revision {asked.revision} is being made …"):
                answer |= _done(_settled(follower, asked, timeout))
    if as_json:
        return print_json(answer)
    word = "is there" if wait else "was asked for"
    out.print(f"Revision {asked.revision} of {video_id} {word}; viewers still see revision {asked.base_revision}.")
    out.print(f"Compare: swipestream diff {video_id} --revision {asked.base_revision} {asked.revision}")


def _asked(asked: RevisionRequested) -> dict[str, Any]:
    names = {"video_id", "revision", "base_revision", "redo", "lane"}
    return asked.model_dump(mode="json", include=names) | {
        "changes": asked.changes.model_dump(exclude_none=True), "status": "requested",
    }  # fmt: skip


def _done(event: VideoPublished) -> dict[str, Any]:
    return {"status": "published", "video": event.video.name, "total_cost": event.total_cost.model_dump()}


def _settled(follower: Follower, asked: RevisionRequested, timeout: float) -> VideoPublished:
    for received in follower.until(asked.video_id, timeout):
        event = received.envelope.data
        if getattr(event, "revision", None) != asked.revision:
            continue
        if isinstance(event, VideoPublished):
            return event
        if isinstance(event, VideoFailed | PromptRejected):
            raise RevisionRefusedError(event.reason, hint=f"See `swipestream trace {asked.video_id}`.")
    raise DeadlineError(
        f"Revision {asked.revision} was not ready within {timeout:g} s; it is still being made.",
        hint=f"`swipestream trace {asked.video_id}` shows how far it is.",
    )
