"""Projects: a draft is asked for, a video is made. Pure.

Of two events with the same version the first in the log counts. The state of a project is the version that it has, so
the other one, and one that comes again, ask for nothing.
"""

from __future__ import annotations

from infra.moderation.rules import Verdict
from processors.deadlines import patience_us
from processors.decision import SOURCE, Decision, Effect, Processor, State
from processors.prompts import Policies, verdict_on
from processors.verdicts import reason
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.projects import DraftFailed, DraftRequested, ProjectEvent, ProjectOpened, RenderOrdered
from schemas.prompts import Changes, PromptSubmitted, RevisionRequested
from schemas.tasks import WriteScript
from schemas.values import Lane, Origin

Drafted = ProjectOpened | DraftRequested


def projects(policies: Policies) -> Processor:
    """The processor with its settings."""

    def decide(event: Envelope[base.Message], state: State, now_us: int) -> Decision:
        data = event.data
        if not isinstance(data, ProjectEvent) or data.version <= int(state or 0):
            return Decision(state=state)
        return Decision(state=str(data.version).encode(), effects=_effects(event, data, policies, now_us))

    return Processor(name="projects", topics=("project-events",), decide=decide, table="project-state", ordered=True)


def _effects(event: Envelope[base.Message], data: ProjectEvent, policies: Policies, now_us: int) -> tuple[Effect, ...]:
    ts_us = base.rising(data.ts_us, now_us)
    if isinstance(data, RenderOrdered):
        return (_render(event, data, ts_us),)
    if not isinstance(data, Drafted) or getattr(data, "script", None):
        return ()
    verdict = verdict_on(data.idea.text, data.idea.archetype, policies(data.idea.flavor))
    return (_task(event, data, ts_us) if verdict.allowed else _refused(event, data, verdict, ts_us),)


def _refused(event: Envelope[base.Message], asked: Drafted, verdict: Verdict, ts_us: int) -> Effect:
    data = DraftFailed(
        project_id=asked.project_id,
        version=asked.version + 1,
        viewer_id=asked.viewer_id,
        ts_us=ts_us,
        error=verdict.category or "unknown",
        reason=reason(verdict),
    )
    return caused_by(event, data, source=SOURCE, step="draft-refused"), None


def _task(event: Envelope[base.Message], asked: Drafted, ts_us: int) -> Effect:
    data = WriteScript(
        video_id=ids.project_video(asked.project_id),
        origin=Origin.PERSON,
        lane=Lane.INTERACTIVE,
        flavor=asked.idea.flavor,
        format=asked.idea.format,
        viewer_id=asked.viewer_id,
        after_us=ts_us,
        deadline_us=ts_us + patience_us(Lane.INTERACTIVE),
        text=asked.idea.text,
        archetype=asked.idea.archetype,
        target_seconds=asked.idea.target_seconds,
        footage=asked.idea.footage,
        project_id=asked.project_id,
        project_version=asked.version,
    )
    return caused_by(event, data, source=SOURCE, step="draft-task"), None


def _render(event: Envelope[base.Message], order: RenderOrdered, ts_us: int) -> Effect:
    """The first is a prompt whose script is there already, every later one a revision with a script of its own."""
    common = {
        "video_id": order.video_id,
        "text": order.idea.text,
        "origin": Origin.PERSON,
        "lane": Lane.INTERACTIVE,
        "viewer_id": order.viewer_id,
        "flavor": order.idea.flavor,
        "archetype": order.idea.archetype,
        "target_seconds": order.idea.target_seconds,
        "format": order.idea.format,
        "script": order.script,
        "regeneration": order.regeneration,
        "ts_us": ts_us,
    }
    data = (
        PromptSubmitted(**common, project_id=order.project_id)
        if order.revision == 1
        else RevisionRequested(
            **common,
            revision=order.revision,
            base_revision=order.regeneration.base_revision,
            changes=Changes(),
            operator=order.viewer_id,
            reason=f"Version {order.version} of project {order.project_id}.",
        )
    )
    return caused_by(event, data, source=SOURCE, step="render-ordered"), None
