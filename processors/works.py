"""What is known of a video while it is made, by revision."""

from __future__ import annotations

from pydantic import Field

from processors.decision import State
from schemas.base import Contract
from schemas.scripts import Script
from schemas.takes import Regeneration, Upgrade
from schemas.tasks import ScenePart
from schemas.values import Format, Lane, Origin
from schemas.works import Cost


class Work(Contract):
    """What is known of a video while it is made. Costs are kept by step, so that a duplicate adds nothing."""

    revision: int
    origin: Origin
    lane: Lane
    flavor: str
    format: Format | None = None
    viewer_id: str | None
    script: Script
    parts: dict[int, ScenePart] = Field(default_factory=dict)
    costs: dict[str, Cost] = Field(default_factory=dict)
    last_us: int
    regeneration: Regeneration | None = None
    replay_id: str | None = None
    asked_us: int | None = None
    deadline_us: int | None = None
    upgrade: Upgrade | None = None

    @property
    def complete(self) -> bool:
        """Whether every scene of the script is there."""
        return all(scene.scene_number in self.parts for scene in self.script.scenes)


class Works(Contract):
    """What is being made of one video, by revision. `fulls`: which of them are shown by themselves, and since when what
    they take the place of stands in the feeds; 0: it never did."""

    works: dict[int, Work] = Field(default_factory=dict)
    fulls: dict[int, int] = Field(default_factory=dict)

    def with_(self, work: Work) -> Works:
        """The same with what is now known of one revision."""
        return Works(works=self.works | {work.revision: work}, fulls=self.fulls)

    def without(self, *revisions: int) -> Works:
        """The same without revisions that are finished."""
        works, fulls = ({n: it for n, it in kept.items() if n not in revisions} for kept in (self.works, self.fulls))
        return Works.model_validate({"works": works, "fulls": fulls})

    def state(self) -> State:
        """As it is kept; None when nothing is under way."""
        return self.model_dump_json().encode() if self.works or self.fulls else None


def works(state: State) -> Works:
    """What is kept. States of before there were revisions hold the one work alone."""
    if not state:
        return Works()
    found = Works.model_validate_json(state)
    return found if found.works or found.fulls else Works().with_(Work.model_validate_json(state))
