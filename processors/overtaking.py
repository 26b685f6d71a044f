"""Revisions that are asked for in place of others: what is still being made of an earlier one is dropped. Pure.

What a creator changes while a video is being rendered comes as its next revision. Whatever of the earlier one is still
wanted goes on: scenes that look and sound the same in both are found by the hash of all that makes them.
"""

from __future__ import annotations

from typing import Any

from processors.decision import SOURCE, Effect
from processors.works import Work, Works
from schemas import base, ids
from schemas.envelope import Envelope, caused_by
from schemas.scripts import Scene
from schemas.takes import Take
from schemas.tasks import RenderScene
from schemas.videos import RevisionDropped, RevisionPromoted, VideoEvent, VideoPublished

BY = "revisions"
SHOWN = "What it takes the place of would have been shown by itself."


def overtake(event: Envelope[base.Message], data: VideoEvent, before: Works) -> tuple[Works, tuple[Effect, ...]]:
    """What is left where the revision of `data` was asked for in place of earlier ones, and a RevisionDropped for each
    of these that is not finished."""
    newer = before.works[data.revision]
    older = [one for one in before.works.values() if one.revision < newer.revision]
    if not (older and newer.regeneration and newer.regeneration.instead):
        return before, ()
    drops = tuple(_dropped(event, data.video_id, one, newer) for one in older)
    left = before.without(*(one.revision for one in older))
    return Works(works=left.works, fulls=left.fulls | _listed(before, older, newer)), drops


def _listed(before: Works, older: list[Work], newer: Work) -> dict[int, int]:
    """The newer one is shown by itself where one of the older ones would have been; 0: in no place yet."""
    places = [before.fulls.get(one.revision, 0) for one in older if one.revision == 1 or one.revision in before.fulls]
    return {newer.revision: max(places)} if places else {}


def _dropped(event: Envelope[base.Message], video_id: str, old: Work, newer: Work) -> Effect:
    data = RevisionDropped(
        video_id=video_id,
        revision=old.revision,
        ts_us=max(old.last_us, newer.last_us) + old.revision,
        by=BY,
        why=f"Revision {newer.revision} was asked for in its place.",
        overtaken_by=newer.revision,
        needed=needed(video_id, old, newer),
    )
    return caused_by(event, data, source=SOURCE, step="overtaken", index=old.revision), None


def needed(video_id: str, old: Work, newer: Work) -> tuple[int, ...]:
    """Numbers of the old one's scenes that the newer one shows as they are, wherever they stand in it."""
    wanted = [_looks(video_id, newer, scene) for scene in newer.script.scenes]
    return tuple(scene.scene_number for scene in old.script.scenes if _looks(video_id, old, scene) in wanted)


def _looks(video_id: str, work: Work, scene: Scene) -> dict[str, Any]:
    """All that decides how a scene looks and sounds. Of its place: whether it is at an end."""
    fields = scene_fields(video_id, work, scene)
    number, count = scene.scene_number, fields.pop("scene_count")
    own = scene.model_copy(update={"scene_number": scene.drawn_as, "first_number": None})
    return fields | {"scene": own, "first": number == 1, "last": number >= count, "format": work.format}


def scene_fields(video_id: str, work: Work, scene: Scene) -> dict[str, Any]:
    """What the task of a scene says, beside what every task of the video does."""
    take = work.regeneration.for_scene(scene.scene_number) if work.regeneration else Take()
    own = {name: getattr(take, name) for name in Take.model_fields if name in RenderScene.model_fields}
    return own | {
        "flavor": take.flavor or work.flavor,
        "scene": scene,
        "scene_count": len(work.script.scenes),
        "title": work.script.title,
        "language": work.script.language,
        "seed": ids.scene_seed(video_id, scene.drawn_as, take.seed),
        "draft": work.upgrade is not None,
    }


def promoted(
    event: Envelope[base.Message], made: VideoPublished, listed_us: int, after_us: int, by: str, why: str
) -> Effect:
    """RevisionPromoted: viewers see it from now on, at the place of what it was made instead of."""
    shown = made.model_dump(include=set(RevisionPromoted.model_fields)) | {"ts_us": max(made.ts_us, after_us) + 1}
    data = RevisionPromoted(**shown, listed_us=listed_us or made.ts_us, by=by, why=why, replaces_draft=True)
    return caused_by(event, data, source=SOURCE, step="promoted"), None
