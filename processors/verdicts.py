"""The two answers of the gate, for prompts and for revisions alike: accepted, or rejected and why. Pure."""

from __future__ import annotations

from infra.flavors import Moderation
from infra.moderation.rules import Verdict
from processors.decision import SOURCE, Effect
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.values import Judgement
from schemas.videos import ContentJudged, Judged, PromptAccepted, PromptRejected

Asked = PromptSubmitted | RevisionRequested
#: The category of what cannot be made, rather than may not.
UNKNOWN = "unknown-name"


def asks_workers(policy: Moderation) -> bool:
    """Whether others than the rules judge scripts: they sit with the workers, so scripts that come along go there."""
    return any(judge.backend != "rules" and Judged.SCRIPT.value in judge.content for judge in policy.judges)


def judged(event: Envelope[base.Message], asked: Asked, verdict: Verdict, ts_us: int) -> Effect:
    """ContentJudged: the verdict as it was found, also one that allows."""
    data = ContentJudged(
        video_id=asked.video_id,
        revision=revision_of(asked),
        ts_us=ts_us,
        content=Judged.PROMPT,
        allowed=verdict.allowed,
        judgements=(
            Judgement(
                allowed=verdict.allowed,
                moderator="rules",
                category=verdict.category,
                rule=verdict.rule and verdict.rule[:200],
                score=verdict.score,
                threshold=verdict.threshold,
            ),
        ),
        flavor=asked.flavor,
    )
    return caused_by(event, data, source=SOURCE, step="judged"), None


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
        rule=(verdict.rule or "unknown")[:200],
        reason=reason(verdict),
    )
    return caused_by(event, data, source=SOURCE, step="rejected"), None


def reason(verdict: Verdict) -> str:
    """For the one who asked: what it was, in words, and how sure."""
    if verdict.category == UNKNOWN:
        return f"The prompt cannot be made: {verdict.rule}."
    what = (verdict.category or "it breaks a rule").replace("-", " ")
    return (
        f"The prompt was not accepted: {what} (rule {verdict.rule}, score {verdict.score:g}, "
        f"refused from {verdict.threshold:g})."
    )


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
