"""From what a video was to what it shall be: the request for its next revision. Pure, but for the flavors' files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.flavors import Flavor, get_flavor, reduced
from producers.replay.errors import ChangeError, NotRegenerableError, UnknownRevisionError
from producers.replay.history import History, Revision
from schemas import base
from schemas.prompts import Changes, PromptSubmitted, RevisionRequested
from schemas.scripts import Script
from schemas.takes import Regeneration, SceneTake, Take
from schemas.values import Lane

_PROMPT = ("text", "origin", "viewer_id", "flavor", "archetype", "target_seconds", "format", "subject", "footage")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who wants what, and why. `redo`: numbers of the scenes that it is about; none: the whole video."""

    changes: Changes
    operator: str
    reason: str
    redo: tuple[int, ...] = ()
    base: int | None = None  #: None: the revision that viewers see
    lane: Lane = Lane.BULK
    replay_id: str | None = None


def request(history: History, order: Order, now_us: int | None = None) -> RevisionRequested:
    """The next revision of a video. Raises UnknownRevisionError, NotRegenerableError, ChangeError, NotFoundError."""
    number = order.base or history.live
    before = history.revisions.get(number)
    if before is None:
        raise UnknownRevisionError(f"Video {history.video_id} has no revision {number}.")
    revision = history.newest + 1
    changes = _explicit(order, revision)
    prompt = _prompt(history, before)
    script = _script(before)
    _check(order, prompt, script)
    kept = None if changes.of_the_script and not order.redo else script
    return RevisionRequested(
        video_id=history.video_id,
        revision=revision,
        base_revision=number,
        changes=changes,
        redo=order.redo,
        operator=order.operator,
        reason=order.reason,
        replay_id=order.replay_id,
        lane=order.lane,
        regeneration=_regeneration(number, prompt, changes, order.redo, keeps_scenes=kept is not None),
        asked_us=history.prompt.ts_us if history.prompt else None,
        script=kept,
        ts_us=base.rising(history.last_us, now_us),
        **{name: getattr(prompt, name) for name in _PROMPT} | _of_the_prompt(changes, order.redo),
    )


def _explicit(order: Order, revision: int) -> Changes:
    """Scenes that shall be redone without saying how get another seed: the same inputs would give the same pixels."""
    if order.redo and order.changes == Changes():
        return Changes(seed=revision)
    return order.changes


def _prompt(history: History, before: Revision) -> PromptSubmitted | RevisionRequested:
    prompt = before.requested or history.prompt
    if prompt is None:
        raise NotRegenerableError(f"The log has no prompt of video {history.video_id}.")
    return prompt


def _script(before: Revision) -> Script | None:
    """As it was written, or as it was asked for where nothing has come of that yet."""
    if before.script:
        return before.script.script
    return before.requested.script if before.requested else None


def _check(order: Order, prompt: PromptSubmitted | RevisionRequested, script: Script | None) -> None:
    wanted = get_flavor(order.changes.flavor) if order.changes.flavor else None
    if not order.redo:
        return
    if script is None:
        raise NotRegenerableError("There is no script yet, so there are no scenes to redo.")
    if order.changes.text or order.changes.archetype:
        raise ChangeError("Another text or archetype changes the whole script: leave out the scenes.")
    known = {scene.scene_number for scene in script.scenes}
    if missing := sorted(set(order.redo) - known):
        raise ChangeError(f"There is no scene {missing[0]}; the scenes are 1 to {max(known)}.")
    present = get_flavor(prompt.flavor)
    if wanted and _shape(wanted, prompt) != _shape(present, prompt):
        raise ChangeError(f"{wanted.name} has another picture format than {present.name}: change the whole video.")


def _shape(flavor: Flavor, prompt: PromptSubmitted | RevisionRequested) -> tuple[tuple[int, int], int]:
    """(size, frames a second) of what a flavor makes for a prompt."""
    return reduced(prompt.format or flavor.format, flavor.draft), flavor.fps


def _of_the_prompt(changes: Changes, redo: Sequence[int]) -> dict[str, object]:
    """With scenes, the flavor is theirs alone."""
    if redo:
        return {}
    return {name: value for name in ("text", "flavor", "archetype") if (value := getattr(changes, name)) is not None}


def _regeneration(
    base: int,
    prompt: PromptSubmitted | RevisionRequested,
    changes: Changes,
    redo: Sequence[int],
    *,
    keeps_scenes: bool,
) -> Regeneration:
    """How the base was made, by what was asked for then, and the changes on top of it."""
    old = prompt.regeneration or Regeneration(base_revision=base)
    if redo:
        anew = {number: _scene(number, _merged(old.for_scene(number), changes)) for number in redo}
        scenes = {scene.scene_number: scene for scene in old.scenes} | anew
        return Regeneration(base_revision=base, take=old.take, scenes=_sorted(scenes))
    whole = changes.model_copy(update={"flavor": None})
    reset: dict[str, object] = {"flavor": None} if changes.flavor else {}
    scenes = {
        scene.scene_number: _scene(scene.scene_number, _merged(scene.model_copy(update=reset), whole))
        for scene in (old.scenes if keeps_scenes else ())
    }
    return Regeneration(
        base_revision=base,
        take=_merged(old.take.model_copy(update=reset), whole),
        scenes=_sorted(scenes),
    )


def _merged(take: Take, changes: Changes) -> Take:
    new = {name: getattr(changes, name) for name in Take.model_fields if name in Changes.model_fields}
    old = {name: getattr(take, name) for name in Take.model_fields}
    return Take.model_validate(old | {name: value for name, value in new.items() if value is not None})


def _scene(number: int, take: Take) -> SceneTake:
    return SceneTake(scene_number=number, **dict(take))


def _sorted(scenes: dict[int, SceneTake]) -> tuple[SceneTake, ...]:
    return tuple(scenes[number] for number in sorted(scenes))
