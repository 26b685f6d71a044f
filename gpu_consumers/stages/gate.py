"""The gate within the stages: what was made is judged, the verdict is an event, and what is refused ends there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers.errors import RefusedError
from gpu_consumers.moderation.panel import Panel, reason
from gpu_consumers.workshop import SOURCE, Workshop
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.scripts import Script
from schemas.tasks import VideoTask
from schemas.values import Artifact, Judgement
from schemas.videos import ContentJudged, Judged, Stage, VideoFailed

Event = Envelope[base.Message]


class Verdicts(BaseModel):
    """What the index keeps of the judgements on a clip."""

    judgements: tuple[Judgement, ...]


def on_prompt(text: str, flavor: Flavor) -> tuple[Judgement, ...]:
    """By all but the rules, which judged it before it was accepted."""
    return Panel.of(flavor).on_text(text, Judged.PROMPT, but="rules")


def on_script(script: Script, flavor: Flavor, *, but: str = "") -> tuple[Judgement, ...]:
    """All that is said, shown, or asked of a picture. `but` names a moderator that has judged already."""
    lines = (f"{scene.narration}\n{scene.on_screen_text}\n{scene.visuals}" for scene in script.scenes)
    return Panel.of(flavor).on_text("\n".join([script.title, *lines]), Judged.SCRIPT, but=but)


def on_clip(shop: Workshop, clip: Artifact, flavor: Flavor) -> tuple[Judgement, ...]:
    """The same clip is looked at once."""
    panel = Panel.of(flavor)
    key = fingerprint(kind="judged", clip=clip.sha256, panel=panel.fingerprint(Judged.FRAMES))
    kept = shop.remembered(key, Verdicts)
    found = kept or Verdicts(judgements=panel.on_clip(Path(shop.blobs.path(clip.name))))
    if not kept:
        shop.remember(key, found)
    return found.judgements


def told(
    cause: Envelope[VideoTask],
    content: Judged,
    judgements: Sequence[Judgement],
    after_us: int,
    number: int | None = None,
) -> list[Event]:
    """ContentJudged, and VideoFailed where it was refused. Nothing where nobody was asked."""
    if not judgements:
        return []
    task = cause.data
    data = ContentJudged(
        video_id=task.video_id, revision=task.revision, ts_us=base.rising(after_us), content=content,
        scene_number=number, allowed=all(j.allowed for j in judgements), judgements=tuple(judgements),
        flavor=task.flavor,
    )  # fmt: skip
    event = caused_by(cause, data, source=SOURCE, step=f"judged-{content.value}")
    return [event] if data.allowed else [event, _failed(cause, content, data)]


def _failed(cause: Envelope[VideoTask], content: Judged, judged: ContentJudged) -> Event:
    task = cause.data
    data = VideoFailed(
        video_id=task.video_id, revision=task.revision, ts_us=judged.ts_us + 1, stage=Stage.MODERATION,
        error=RefusedError.__name__, reason=reason(judged.judgements, content)[:2000], origin=task.origin,
        viewer_id=task.viewer_id, replay_id=task.replay_id,
    )  # fmt: skip
    return caused_by(cause, data, source=SOURCE, step=f"refused-{content.value}")


def refused(events: Sequence[Event]) -> bool:
    """Whether the gate stays shut."""
    return any(isinstance(event.data, VideoFailed) for event in events)
