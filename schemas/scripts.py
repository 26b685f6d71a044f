"""Scripts: scenes in order, and the words that are spoken in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Slug
from schemas.charts import Chart
from schemas.footage import Footage
from schemas.values import Text


class Word(Contract):
    """One spoken word of the script, and when it is heard within its scene."""

    text: str = Field(max_length=200)
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)


class Scene(Contract):
    """One beat of a script: what is said, what is seen, what stands on the screen."""

    scene_number: int = Field(ge=1, le=99)
    beat: Slug = Field(description="its purpose in the archetype: hook, problem, turn, payoff …")
    narration: Text
    visuals: Text = Field(description="a picture description for generative renderers")
    on_screen_text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""
    duration_s: float = Field(gt=0, le=60, description="planned; the voice's real timing decides")
    footage: Footage | None = Field(None, description="what is seen behind the words; none: the look alone")
    chart: Chart | None = Field(None, description="figures that are told in it: they are drawn in place of a look")
    muted: bool = Field(False, strict=True, description="nobody speaks; what would be said is read")
    first_number: int | None = Field(
        None, ge=1, le=99, description="its number before it was moved: seed and look go by it. None: it was not"
    )

    @property
    def drawn_as(self) -> int:
        """The number that seed and look go by, wherever the scene stands."""
        return self.first_number or self.scene_number


class Script(Contract):
    """A whole script. Its scenes are numbered from 1 without a gap."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    subject: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)] = Field(
        description="what it is about, in a few words; interests are kept by it"
    )
    archetype: Slug
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    mood: Slug = "calm"
    scenes: tuple[Scene, ...] = Field(min_length=1, max_length=20)
