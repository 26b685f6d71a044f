"""What a creator may do with a project, and what happens then. Pure: each raises what says why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.errors import BadInputError, NotFoundError, SwipestreamError
from query_api.projects.project import Project
from schemas import ids
from schemas.base import rising
from schemas.projects import (
    SCENES_MAX,
    DraftRequested,
    Idea,
    ProjectApproved,
    ProjectClosed,
    ProjectEdited,
    RenderOrdered,
    SceneAdded,
    SceneEdited,
    SceneRedone,
    ScenesArranged,
)
from schemas.scripts import Scene, Script
from schemas.takes import Take


class NotNowError(SwipestreamError):
    """The project is in no state for that."""


class WrongOrderError(BadInputError):
    """The order does not name every scene once."""


Fields = dict[str, Any]


def common(project: Project) -> Fields:
    """What the next event of a project carries."""
    return {
        "project_id": project.project_id,
        "version": project.version + 1,
        "viewer_id": project.viewer_id,
        "ts_us": rising(project.changed_us),
    }


def draft(project: Project, changes: Fields) -> DraftRequested:
    """Another draft, from the same idea or another one."""
    if project.drafting:
        raise NotNowError("A draft is being written.")
    idea = Idea.model_validate(project.idea.model_dump() | changes)
    return DraftRequested(**common(project), idea=idea)


def edit(project: Project, changes: Fields) -> ProjectEdited:
    """Title, subject, mood, flavor, voice, styles, guidance."""
    script = written(project)
    now = {
        "title": script.title,
        "subject": script.subject,
        "mood": script.mood,
        "flavor": project.idea.flavor,
        "voice": project.voice,
        "styles": project.styles,
        "guidance": project.guidance,
    }
    return ProjectEdited(**common(project), **now | changes)


def edit_scene(project: Project, number: int, changes: Fields, take: Fields) -> SceneEdited:
    """Words, picture, figures, footage, muted or not; `take` changes its voice."""
    scene = _scene(written(project), number)
    made = project.takes.get(number, Take()).model_copy(update=take)
    # Validated as a whole: what is too long for a script is refused, whoever asks for it.
    whole = Scene.model_validate(scene.model_dump() | changes)
    return SceneEdited(**common(project), scene=whole, take=made)


def redo(project: Project, number: int, wanted: Fields) -> SceneRedone:
    """Another seed than it has now, unless something else is asked for."""
    _scene(written(project), number)
    take = project.takes.get(number, Take())
    if not wanted:
        wanted = {"seed": project.version + 1}
    return SceneRedone(**common(project), scene_number=number, take=Take.model_validate(dict(take) | wanted))


def add(project: Project, after: int | None, words: Fields) -> SceneAdded:
    """A new scene behind number `after`; it gets a number of its own to be drawn by."""
    script = written(project)
    if len(script.scenes) >= SCENES_MAX:
        raise NotNowError(f"A script has {SCENES_MAX} scenes at most.")
    if after:
        _scene(script, after)
    place = len(script.scenes) + 1 if after is None else after + 1
    own = max(scene.drawn_as for scene in script.scenes) + 1
    scene = Scene(scene_number=place, first_number=own if own != place else None, duration_s=4.0, **words)
    return SceneAdded(**common(project), scene=scene)


def remove(project: Project, number: int) -> ScenesArranged:
    """Without one scene."""
    script = written(project)
    _scene(script, number)
    left = tuple(scene.scene_number for scene in script.scenes if scene.scene_number != number)
    if not left:
        raise NotNowError("A script has one scene at least.")
    return ScenesArranged(**common(project), order=left)


def arrange(project: Project, order: Sequence[int]) -> ScenesArranged:
    """In another order."""
    numbers = sorted(scene.scene_number for scene in written(project).scenes)
    if sorted(order) != numbers:
        raise WrongOrderError(f"The order must name each of the scenes {numbers[0]} to {numbers[-1]} once.")
    return ScenesArranged(**common(project), order=tuple(order))


def approve(project: Project) -> ProjectApproved:
    """It may be rendered as it is."""
    written(project)
    return ProjectApproved(**common(project))


def render(project: Project, *, unmade: bool = False) -> RenderOrdered:
    """The video, or its next revision. `unmade`: the newest came to nothing, so that the same may be tried again."""
    script = written(project)
    if not project.approved:
        raise NotNowError("The script is not approved.")
    revision = project.renders[-1].revision + 1 if project.renders else 1
    if project.renders and not unmade and not any(project.changed(scene) for scene in script.scenes):
        raise NotNowError("Nothing has changed since the last revision.")
    return RenderOrdered(
        **common(project),
        video_id=ids.project_video(project.project_id),
        revision=revision,
        idea=project.idea,
        script=script,
        regeneration=project.regeneration,
    )


def close(project: Project) -> ProjectClosed:
    """Thrown away."""
    return ProjectClosed(**common(project))


def written(project: Project) -> Script:
    """The script that is there to be worked on."""
    if project.drafting or project.script is None:
        raise NotNowError("There is no script yet." if project.drafting else "There is no script: ask for a draft.")
    return project.script


def _scene(script: Script, number: int) -> Scene:
    found = next((scene for scene in script.scenes if scene.scene_number == number), None)
    if found is None:
        raise NotFoundError(f"There is no scene {number}.")
    return found
