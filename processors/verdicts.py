"""The two answers of the gate, for prompts and for revisions alike: accepted, or rejected and why. Pure."""

from __future__ import annotations

from processors.decision import SOURCE, Effect
from processors.moderation import Verdict
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.videos import PromptAccepted, PromptRejected

Asked = PromptSubmitted | RevisionRequested


def rejected(event: Envelope[base.Message], asked: Asked, verdict: Verdict, ts_us: int) -> Effect:
    """PromptRejected, with the category and the rule."""
    data = PromptRejected(
        video_id=asked.video_id,
        revision=revision_of(asked),
        ts_us=ts_us,
        text=asked.text,
        origin=asked.origin,
        viewer_id=asked.viewer_id,
        category=verdict.category or "unknown",
        rule=verdict.rule or "unknown",
        reason=f"The prompt was not accepted: {verdict.category or 'it breaks a rule'}.",
    )
    return caused_by(event, data, source=SOURCE, step="rejected"), None


def accepted(event: Envelope[base.Message], asked: Asked, ts_us: int) -> Effect:
    """PromptAccepted."""
    data = PromptAccepted(
        video_id=asked.video_id,
        revision=revision_of(asked),
        ts_us=ts_us,
        text=asked.text,
        origin=asked.origin,
        lane=asked.lane,
        viewer_id=asked.viewer_id,
        flavor=asked.flavor,
        archetype=asked.archetype,
        target_seconds=asked.target_seconds,
        subject=asked.subject,
    )
    return caused_by(event, data, source=SOURCE, step="accepted"), None


def revision_of(asked: Asked) -> int:
    """A prompt asks for the first one."""
    return asked.revision if isinstance(asked, RevisionRequested) else 1
