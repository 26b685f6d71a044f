"""Revisions: a video is made once more, with its own script where nothing asks for another one. Pure."""

from __future__ import annotations

from infra.moderation.rules import Verdict
from processors.deadlines import deadline_us
from processors.decision import SOURCE, Effect
from processors.verdicts import Asked, accepted, judged, rejected, revision_of
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.prompts import RevisionRequested
from schemas.scripts import Script
from schemas.tasks import WriteScript
from schemas.videos import ScriptWritten
from schemas.works import Cost

#: Named as the writer where the script of an earlier revision is used.
KEPT = "kept"


def revise(
    event: Envelope[base.Message], asked: RevisionRequested, verdict: Verdict, keeps: Script | None
) -> tuple[Effect, ...]:
    """PromptAccepted, then the script that is kept or the task to write one; or PromptRejected: the text may be new."""
    ts_us = asked.ts_us + 1
    seen = judged(event, asked, verdict, ts_us)
    if not verdict.allowed:
        return seen, rejected(event, asked, verdict, ts_us + 1)
    answer = accepted(event, asked, ts_us + 1)
    if keeps is not None:
        return seen, answer, kept(event, asked, keeps, ts_us + 2)
    return seen, answer, _script_task(event, asked, ts_us + 1)


def kept(event: Envelope[base.Message], asked: Asked, script: Script, ts_us: int) -> Effect:
    """The script that came along, of a project or of the revision before.

    Not even the artefact index is needed for it, and no writer that might answer otherwise today.
    """
    data = ScriptWritten(
        video_id=asked.video_id,
        revision=revision_of(asked),
        ts_us=ts_us,
        script=script,
        writer=KEPT,
        origin=asked.origin,
        lane=asked.lane,
        flavor=asked.flavor,
        format=asked.format,
        viewer_id=asked.viewer_id,
        reused=True,
        cost=Cost(),
        regeneration=asked.regeneration,
        deadline_us=deadline_us(asked),
        asked_us=asked.asked_us if isinstance(asked, RevisionRequested) else asked.ts_us,
        replay_id=asked.replay_id if isinstance(asked, RevisionRequested) else None,
    )
    return caused_by(event, data, source=SOURCE, step="script-kept"), None


def _script_task(event: Envelope[base.Message], asked: RevisionRequested, ts_us: int) -> Effect:
    data = WriteScript(
        video_id=asked.video_id,
        revision=asked.revision,
        origin=asked.origin,
        lane=asked.lane,
        flavor=asked.flavor,
        format=asked.format,
        viewer_id=asked.viewer_id,
        after_us=ts_us,
        deadline_us=deadline_us(asked),
        text=asked.text,
        archetype=asked.archetype,
        target_seconds=asked.target_seconds,
        subject=asked.subject,
        footage=asked.footage,
        script=asked.script,
        regeneration=asked.regeneration,
        asked_us=asked.asked_us,
        replay_id=asked.replay_id,
    )
    return caused_by(event, data, source=SOURCE, step="script-task"), None
