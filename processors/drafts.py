"""Videos that are drafts first: there soon, made with few steps; then in full, as the next revision. Pure.

A flavor asks for it. The draft is an ordinary first revision; when it is published the next one is asked for, with the
same script, and takes its place when it is published in its turn.
"""

from __future__ import annotations

from collections.abc import Callable

from processors.decision import SOURCE, Effect
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.prompts import Changes, PromptSubmitted, RevisionRequested
from schemas.scripts import Script
from schemas.takes import Regeneration, Upgrade
from schemas.tasks import VideoTask
from schemas.values import Lane
from schemas.videos import VideoPublished

#: Whether the videos of a flavor are drafts first.
Drafts = Callable[[str], bool]
BY, WHY = "drafts", "The revision before was a draft."


def upgrade(prompt: PromptSubmitted, drafts: Drafts) -> Upgrade | None:
    """What the full video will be asked for with; None: it is made in full at once.

    Nobody waits for bulk work; the revisions of a project are numbered by the project.
    """
    if prompt.lane is Lane.BULK or prompt.project_id or not drafts(prompt.flavor):
        return None
    return Upgrade(
        text=prompt.text, archetype=prompt.archetype, target_seconds=prompt.target_seconds, subject=prompt.subject
    )


def full(
    event: Envelope[base.Message], draft: VideoPublished, task: VideoTask, script: Script, revision: int,
    wanted: Upgrade, asked_us: int | None,
) -> Effect:  # fmt: skip
    """RevisionRequested: the same scenes, in full. Behind the drafts of all who wait."""
    data = RevisionRequested(
        video_id=draft.video_id,
        revision=revision,
        base_revision=draft.revision,
        changes=Changes(),
        operator=BY,
        reason=WHY,
        lane=Lane.PREFETCH if task.lane is Lane.INTERACTIVE else task.lane,
        origin=task.origin,
        viewer_id=task.viewer_id,
        flavor=task.flavor,
        format=task.format,
        regeneration=Regeneration(base_revision=draft.revision),
        script=script,
        asked_us=asked_us,
        ts_us=draft.ts_us + 1,
        **dict(wanted),
    )
    return caused_by(event, data, source=SOURCE, step="full"), None
