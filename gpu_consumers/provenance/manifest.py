"""What the credentials say of a video: who asked, what made it, with which seeds and which code. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from schemas.tasks import AssembleVideo, ScenePart

#: The label of our own assertion; its fields are those of `Made`.
ASSERTION = "org.swipestream.video"
_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
_TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
#: Backends that no model was trained for.
DRAWN = frozenset(["procedural", ""])


class SceneMade(BaseModel):
    """How one scene was made."""

    scene_number: int
    backend: str
    model: str
    look: str
    seed: int
    code: str
    footage: str = ""  #: the file that is shown in it
    credit: str = ""


class Made(BaseModel):
    """How a video was made."""

    video_id: str = Field(description="the prompt's id is the video's")
    flavor: str
    asked_at: str | None
    code: str
    archetype: str
    language: str
    scenes: tuple[SceneMade, ...]


def made(task: AssembleVideo, code: str) -> Made:
    """What is known of a video when it is assembled."""
    asked = datetime.fromtimestamp(task.asked_us / 1_000_000, UTC).isoformat() if task.asked_us else None
    return Made(
        video_id=task.video_id,
        flavor=task.flavor,
        asked_at=asked,
        code=code,
        archetype=task.script.archetype,
        language=task.script.language,
        scenes=tuple(map(_scene, task.parts)),
    )


def _scene(part: ScenePart) -> SceneMade:
    shown = part.footage
    return SceneMade(
        scene_number=part.scene_number,
        backend=part.backend,
        model=part.model,
        look=part.look,
        seed=part.seed,
        code=part.code,
        footage=shown.artifact.name if shown else "",
        credit=shown.credit if shown else "",
    )


def manifest(about: Made, *, title: str, version: str, content: str) -> dict[str, Any]:
    """The manifest's definition, for c2pa. `content` is a hash of the unsigned file: what else would be drawn by lot
    (the manifest's label, the instance id) follows from it."""
    action: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": _source(about.scenes),
        "softwareAgent": {"name": "swipestream", "version": version},
    }
    if about.asked_at:
        action["when"] = about.asked_at
    # C2PA takes only UUIDs of version 4 here.
    unique = uuid.UUID(bytes=hashlib.sha256(content.encode()).digest()[:16], version=4)
    return {
        "claim_generator_info": [{"name": "swipestream", "version": version}],
        "title": title,
        "label": f"urn:c2pa:{unique}",
        "instance_id": f"xmp:iid:{unique}",
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [action]}},
            {"label": ASSERTION, "data": about.model_dump(mode="json")},
        ],
    }


def _source(scenes: Sequence[SceneMade]) -> str:
    if all(scene.backend in DRAWN for scene in scenes):
        return _GENERATED
    return _COMPOSITE if any(scene.footage for scene in scenes) else _TRAINED
