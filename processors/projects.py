"""Projects: a draft is asked for; a script of the creator's own goes through the gate like every prompt. Pure."""

from __future__ import annotations

from processors.decision import SOURCE, Decision, Effect, Processor, State
from processors.moderation import Verdict, moderate
from processors.prompts import Thresholds
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.projects import DraftFailed, DraftRequested, ProjectOpened
from schemas.tasks import WriteScript
from schemas.values import Lane, Origin


def projects(thresholds: Thresholds) -> Processor:
    """The processor with its settings."""

    def decide(event: Envelope[base.Message], _state: State, now_us: int) -> Decision:
        asked = event.data
        if not isinstance(asked, ProjectOpened | DraftRequested) or getattr(asked, "script", None):
            return Decision()
        verdict = moderate(asked.idea.text, thresholds(asked.idea.flavor))
        if not verdict.allowed:
            return Decision(effects=(_refused(event, asked, verdict, now_us),))
        return Decision(effects=(_task(event, asked, now_us),))

    return Processor(name="projects", topics=("project-events",), decide=decide)


def _refused(
    event: Envelope[base.Message], asked: ProjectOpened | DraftRequested, verdict: Verdict, now_us: int
) -> Effect:
    data = DraftFailed(
        project_id=asked.project_id,
        version=asked.version + 1,
        viewer_id=asked.viewer_id,
        ts_us=base.rising(asked.ts_us, now_us),
        error=verdict.category or "unknown",
        reason=f"The prompt was not accepted: {verdict.category or 'it breaks a rule'}.",
    )
    return caused_by(event, data, source=SOURCE, step="draft-refused"), None


def _task(event: Envelope[base.Message], asked: ProjectOpened | DraftRequested, now_us: int) -> Effect:
    data = WriteScript(
        video_id=ids.project_video(asked.project_id),
        origin=Origin.PERSON,
        lane=Lane.INTERACTIVE,
        flavor=asked.idea.flavor,
        viewer_id=asked.viewer_id,
        after_us=base.rising(asked.ts_us, now_us),
        text=asked.idea.text,
        archetype=asked.idea.archetype,
        target_seconds=asked.idea.target_seconds,
        footage=asked.idea.footage,
        project_id=asked.project_id,
        project_version=asked.version,
    )
    return caused_by(event, data, source=SOURCE, step="draft-task"), None
