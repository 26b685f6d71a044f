"""A project as its events make it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.projects import (
    DraftFailed,
    DraftRequested,
    Idea,
    ProjectApproved,
    ProjectClosed,
    ProjectEdited,
    ProjectEvent,
    ProjectOpened,
    RenderOrdered,
    SceneAdded,
    SceneEdited,
    SceneRedone,
    ScenesArranged,
    ScriptDrafted,
)
from schemas.scripts import Scene, Script
from schemas.takes import Regeneration, SceneTake, Style, Take
from schemas.works import Cost

Takes = Mapping[int, Take]


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """A revision that was ordered, and what it was made from."""

    version: int
    revision: int
    script: Script
    regeneration: Regeneration
    flavor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a creator has made so far. `takes`: how single scenes are made, by number."""

    project_id: str
    viewer_id: str
    version: int
    idea: Idea
    voice: str | None = None
    styles: tuple[Style, ...] | None = None
    guidance: float | None = None
    script: Script | None = None
    takes: Takes = field(default_factory=dict)
    drafting: bool = False
    approved: bool = False
    closed: bool = False
    reason: str | None = None  #: why there is no draft
    cost: Cost = field(default_factory=Cost)  #: of the drafts
    renders: tuple[Render, ...] = ()
    opened_us: int = 0
    changed_us: int = 0

    @property
    def regeneration(self) -> Regeneration:
        """How the scenes are made, for the events that lead to them. A scene's own take stands before what holds for
        all. What is still being made of earlier revisions gives way."""
        whole = Take(voice=self.voice, styles=self.styles, guidance=self.guidance)
        own = (
            SceneTake(scene_number=number, **dict(_before(take, whole)))
            for number, take in sorted(self.takes.items())
            if take != Take()
        )
        base = self.renders[-1].revision if self.renders else 1
        return Regeneration(base_revision=base, take=whole, scenes=tuple(own), instead=True)

    def changed(self, scene: Scene) -> bool:
        """Whether the scene is not in the newest revision as it stands here."""
        if not self.renders or self.script is None:
            return True
        last = self.renders[-1]
        was = next((one for one in last.script.scenes if one.scene_number == scene.scene_number), None)
        return (
            was != scene
            or (last.flavor, last.script.title) != (self.idea.flavor, self.script.title)
            or len(last.script.scenes) != len(self.script.scenes)
            or _take(last.regeneration, scene) != _take(self.regeneration, scene)
        )


def _before(take: Take, whole: Take) -> Take:
    """A scene's own, and where it says nothing, what holds for all."""
    held = {name: value for name, value in whole if getattr(take, name) is None}
    return take.model_copy(update=held)


def _take(regeneration: Regeneration, scene: Scene) -> Take:
    return Take.model_validate(regeneration.for_scene(scene.scene_number).model_dump(exclude={"scene_number"}))


def fold(events: Iterable[ProjectEvent]) -> Project | None:
    """The project after its events, in the order of their versions, up to the first that is missing."""
    project: Project | None = None
    for event in events:
        if project is None and isinstance(event, ProjectOpened) and event.version == 1:
            project = _opened(event)
        elif project is not None and event.version == project.version + 1:
            project = after(project, event)
    return project


def _opened(event: ProjectOpened) -> Project:
    return Project(
        project_id=event.project_id,
        viewer_id=event.viewer_id,
        version=1,
        idea=event.idea,
        voice=event.voice,
        script=event.script,
        drafting=event.script is None,
        opened_us=event.ts_us,
        changed_us=event.ts_us,
    )


def after(project: Project, event: ProjectEvent) -> Project:
    """The same after its next event. Any edit takes the approval back. Never raises: what happened, happened."""
    now = replace(project, version=event.version, changed_us=event.ts_us, approved=isinstance(event, ProjectApproved))
    match event:
        case DraftRequested():
            return replace(now, idea=event.idea, drafting=True, reason=None)
        case ScriptDrafted():
            return replace(now, script=event.script, takes={}, drafting=False, reason=None, cost=now.cost + event.cost)
        case DraftFailed():
            return replace(now, drafting=False, reason=event.reason)
        case RenderOrdered():
            return replace(now, approved=True, renders=(*now.renders, _render(event)))
        case ProjectClosed():
            return replace(now, closed=True)
        case _:
            return replace(now, **_edit(now, event)) if now.script else now


def _render(event: RenderOrdered) -> Render:
    return Render(
        version=event.version,
        revision=event.revision,
        script=event.script,
        regeneration=event.regeneration,
        flavor=event.idea.flavor,
    )


def _edit(project: Project, event: ProjectEvent) -> dict[str, Any]:
    """What an edit of the script changes."""
    script, takes = project.script, project.takes
    assert script is not None  # noqa: S101 - said to the type checker; `after` asks
    match event:
        case ProjectEdited():
            idea = project.idea.model_copy(update={"flavor": event.flavor})
            told = {"title": event.title, "subject": event.subject, "mood": event.mood}
            whole = {"voice": event.voice, "styles": event.styles, "guidance": event.guidance}
            return {"script": script.model_copy(update=told), "idea": idea, **whole}
        case SceneEdited():
            number = event.scene.scene_number
            return {"script": _with(script, number, event.scene), "takes": {**takes, number: event.take}}
        case SceneRedone():
            return {"takes": {**takes, event.scene_number: event.take}}
        case SceneAdded():
            return _added(script, takes, event.scene)
        case ScenesArranged():
            return _arranged(script, takes, event.order)
    return {}


def _with(script: Script, number: int, scene: Scene) -> Script:
    scenes = tuple(scene if one.scene_number == number else one for one in script.scenes)
    return script.model_copy(update={"scenes": scenes})


def _added(script: Script, takes: Takes, scene: Scene) -> dict[str, Any]:
    place = min(scene.scene_number, len(script.scenes) + 1) - 1
    scenes = [*script.scenes[:place], scene, *script.scenes[place:]]
    return _renumbered(script, takes, scenes)


def _arranged(script: Script, takes: Takes, order: Iterable[int]) -> dict[str, Any]:
    known = {scene.scene_number: scene for scene in script.scenes}
    return _renumbered(script, takes, [known[number] for number in order if number in known] or list(script.scenes))


def _renumbered(script: Script, takes: Takes, scenes: list[Scene]) -> dict[str, Any]:
    """Numbers from 1 without a gap; what a scene looks like goes with it."""
    places = {id(scene): number for number, scene in enumerate(scenes, 1)}
    moved = tuple(placed(scene, places[id(scene)]) for scene in scenes)
    kept = {
        places[id(scene)]: takes[scene.scene_number]
        for scene in scenes
        if scene in script.scenes and scene.scene_number in takes
    }
    return {"script": script.model_copy(update={"scenes": moved}), "takes": kept}


def placed(scene: Scene, number: int) -> Scene:
    """The scene at another place, looking as it did."""
    first = scene.drawn_as if scene.drawn_as != number else None
    return scene.model_copy(update={"scene_number": number, "first_number": first})
