"""A project as its creator sees it: what was decided, and what became of the revisions. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from query_api.http.project_bodies import ProjectAnswer, RevisionAnswer, SceneAnswer
from query_api.projects.project import Project, Render
from query_api.readmodel.store import Row
from query_api.states import Status, cost_of, ending, live_revision, moment, status
from schemas import ids
from schemas.cards import VideoCard
from schemas.scripts import Scene
from schemas.takes import Take
from schemas.values import RATIOS
from schemas.works import Cost

#: Of the newest revision: there is nothing to look at.
_UNMADE = (Status.FAILED, Status.REJECTED, Status.DROPPED)


def shown(project: Project, rows: Sequence[Row], scenes: Sequence[Row]) -> ProjectAnswer:
    """The answer; `rows` and `scenes` are those of its video, none before it was ordered."""
    revisions = [_revision(render, rows, scenes) for render in project.renders]
    script = project.script
    return ProjectAnswer(
        project_id=project.project_id,
        version=project.version,
        status=_status(project, revisions),
        text=project.idea.text,
        flavor=project.idea.flavor,
        archetype=script.archetype if script else project.idea.archetype,
        target_seconds=project.idea.target_seconds,
        format=next((ratio for ratio, shape in RATIOS.items() if shape is project.idea.format), None),
        voice=project.voice,
        styles=project.styles,
        guidance=project.guidance,
        title=script.title if script else None,
        subject=script.subject if script else None,
        mood=script.mood if script else None,
        language=script.language if script else None,
        approved=project.approved,
        reason=project.reason or next(filter(None, map(_unmade, reversed(revisions))), None),
        scenes=[_scene(project, scene) for scene in script.scenes] if script else [],
        video_id=ids.project_video(project.project_id),
        revisions=revisions,
        cost=sum((one.cost for one in revisions), project.cost),
        opened_at=moment(project.opened_us),
        changed_at=moment(project.changed_us),
        links=_links(project),
    )


def unmade(project: Project, rows: Sequence[Row]) -> bool:
    """Whether the newest revision came to nothing: it failed, was refused or dropped. `rows`: of its video."""
    newest = project.renders[-1].revision if project.renders else None
    row = next((row for row in rows if row["revision"] == newest), None)
    return row is not None and status(row, ()) in _UNMADE


def _unmade(revision: RevisionAnswer) -> str | None:
    """Why there is nothing to look at; where another revision took its place, that one tells."""
    return None if revision.overtaken_by else revision.reason


def _status(project: Project, revisions: Sequence[RevisionAnswer]) -> str:
    """Edits after a render make a draft of it again; what is being rendered goes on."""
    if project.drafting:
        return "drafting"
    if project.script is None:
        return "draft_failed"
    if revisions and not (newest := revisions[-1]).status.is_final:
        return "rendering"
    if not revisions or revisions[-1].version != project.version:
        return "approved" if project.approved else "draft"
    return "render_failed" if newest.status in _UNMADE else "rendered"


def _revision(render: Render, rows: Sequence[Row], scenes: Sequence[Row]) -> RevisionAnswer:
    row = next((row for row in rows if row["revision"] == render.revision), None)
    if row is None:
        return RevisionAnswer(
            revision=render.revision, version=render.version, status=Status.SUBMITTED, live=False, cost=Cost()
        )
    own = [scene for scene in scenes if scene["revision"] == render.revision]
    return RevisionAnswer(
        revision=render.revision,
        version=render.version,
        status=status(row, own),
        live=live_revision(rows) == render.revision,
        cost=cost_of(row, own),
        reason=ending(row).get("reason"),
        overtaken_by=row["overtaken_by"],
        card=VideoCard.model_validate_json(row["card"]) if row["card"] else None,
    )


def _scene(project: Project, scene: Scene) -> SceneAnswer:
    take = project.takes.get(scene.scene_number, Take())
    words = scene.model_dump(exclude={"first_number", "footage"})
    own = {name: getattr(take, name) for name in Take.model_fields}
    return SceneAnswer(**words, drawn_as=scene.drawn_as, footage=scene.footage, **own, changed=project.changed(scene))


def _links(project: Project) -> dict[str, str]:
    own = f"/v1/projects/{project.project_id}"
    video = f"/v1/videos/{ids.project_video(project.project_id)}"
    return {"self": own, "events": f"{own}/events"} | ({"video": video} if project.renders else {})
