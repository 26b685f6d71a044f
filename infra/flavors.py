"""Flavors: presets of how videos are made. Each is a folder with a `flavor.yaml`, shipped or the installation's own.

Every room may read them: the API lists their names, the workers follow them. What a backend's name means is known to
the workers alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from infra.errors import NotFoundError
from infra.flavor_files import Catalog, folders
from infra.flavor_names import known
from infra.settings import Settings, settings
from schemas.base import Slug
from schemas.takes import Guidance
from schemas.values import Format

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Archetype = Annotated[Slug, AfterValidator(known("archetypes"))]
Look = Annotated[Slug, AfterValidator(known("looks"))]
Palette = Annotated[Slug, AfterValidator(known("palettes"))]
CaptionStyle = Annotated[Slug, AfterValidator(known("caption_styles"))]
Mood = Annotated[Slug, AfterValidator(known("moods"))]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A piece of a flavor. Misspelt keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WriterSpec(Part):
    """One script writer, tried in the order of the list."""

    backend: Literal["templates", "openai", "transformers"]
    timeout_s: float = Field(30.0, gt=0, le=600)
    url: Url | None = Field(None, description="base address of an OpenAI-compatible service, with its /v1")
    model: str = Field("", description="its name there; for `transformers` the folder of its weights")
    api_key_env: EnvironmentName | None = Field(None, description="the environment variable that holds the key")
    temperature: float = Field(0.8, ge=0, le=2)
    stream: bool = False


class VoiceSpec(Part):
    """One voice, tried in the order of the list. What it does not set, the flavor's own setting decides."""

    backend: Literal["espeak", "openai", "piper", "kokoro", "silent"]
    timeout_s: float = Field(20.0, gt=0, le=600)
    speaker: str | None = None
    rate: float | None = Field(None, ge=0.5, le=2)
    url: Url | None = None
    model: str = Field("", description="its name there; for `piper` and `kokoro` the weights, or their folder")
    api_key_env: EnvironmentName | None = None


class StockSpec(Part):
    """One stock library, asked in the order of the list for what a scene shows. Its key is a setting."""

    provider: Literal["pexels", "pixabay"]
    kind: Literal["clip", "image"] = "clip"
    url: Url | None = Field(None, description="its address, in place of the provider's own")
    timeout_s: float = Field(20.0, gt=0, le=600, description="for the search and the download, each")
    max_mb: float = Field(64.0, gt=0, le=1024, description="a larger file is not taken")


class Watermark(Part):
    """A mark in a corner of the safe area."""

    text: str = Field("", max_length=40)
    image: str = Field("", max_length=100, description="a PNG in the flavor's folder, in place of the text")
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "bottom-right"
    opacity: Share = 0.7
    width: Share = Field(0.16, description="of an image, as a share of the picture's shorter side")


class Limits(Part):
    """What a video of this flavor may not exceed."""

    prompt_characters: int = Field(2000, ge=1, le=20_000)
    max_seconds: float = Field(60.0, ge=5, le=600)
    max_scenes: int = Field(8, ge=1, le=20)


class JudgeSpec(Part):
    """One moderator. All are asked; each may refuse."""

    backend: Literal["rules", "classifier", "openai"]
    model: str = Field("", description="of the service; for `classifier` the folder of its weights")
    content: tuple[Literal["prompt", "script", "frames"], ...] = ("prompt", "script", "frames")
    categories: dict[str, str] = Field(
        default_factory=dict, description="label of the model → category, where it has another name"
    )
    harmless: tuple[str, ...] = Field(
        ("safe", "normal", "neutral", "sfw", "ok", "none", "not-toxic"), description="labels that say that all is well"
    )
    url: Url | None = Field(None, description="base address of a service with OpenAI's /moderations, with its /v1")
    api_key_env: EnvironmentName | None = None
    timeout_s: float = Field(10.0, gt=0, le=600)


class Moderation(Part):
    """Who judges, and from which score on something is refused, by category; `default` for those not named."""

    judges: tuple[JudgeSpec, ...] = (JudgeSpec(backend="rules"),)
    thresholds: dict[str, Share] = {"default": 0.5}
    allow: tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...] = Field(
        (), description="phrases that are fine, whatever the rules say"
    )

    def threshold(self, category: str) -> float:
        """The threshold of a category."""
        return self.thresholds.get(category, self.thresholds.get("default", 0.5))


class Flavor(Part):
    """How the videos that ask for it are made."""

    name: Slug
    title: str = Field("", max_length=80)
    description: str = Field("", max_length=500)
    writers: tuple[WriterSpec, ...] = Field((WriterSpec(backend="templates"),), min_length=1)
    script_prompt: str = Field("", description="what a language model is told; `file:NAME` reads a file of the folder")
    archetypes: tuple[Archetype, ...] = Field((), description="those to choose from; empty: all")
    voices: tuple[VoiceSpec, ...] = Field((VoiceSpec(backend="espeak"),), min_length=1)
    language: Language = "en"
    rate: float = Field(1.0, ge=0.5, le=2)
    speaker: str | None = None
    looks: tuple[Look, ...] = Field((), description="taken in turn, scene by scene; empty: chosen by the beat")
    caption_style: CaptionStyle = "karaoke"
    palette: Palette | None = None
    mood: Mood | None = Field(None, description="the music's mood, instead of the script's")
    format: Format = Format.PORTRAIT
    draft: int = Field(1, ge=1, le=6, description="pictures this many times smaller, for a quick look; the shape stays")
    fps: int = Field(30, ge=10, le=60)
    scene_backend: Slug = "procedural"
    draft_first: bool = Field(False, description="scenes with few steps first; the full video then takes their place")
    styles: dict[Slug, Annotated[float, Field(ge=-2, le=2)]] = Field(
        default_factory=dict, max_length=8, description="LoRAs of the model's manifest, and how strong each is"
    )
    guidance: Guidance | None = Field(None, description="how closely the model keeps to the prompt; none: its own")
    stock: tuple[StockSpec, ...] = Field((), description="for scenes without footage of their own; empty: none")
    hybrid: bool = Field(True, description="headings and figures stand over footage; false: captions alone")
    watermark: Watermark | None = None
    renditions: tuple[Annotated[int, Field(ge=144, le=1080)], ...] = Field(
        (540,), max_length=4, description="shorter sides in pixels; each is drawn and kept beside the video"
    )
    target_seconds: float = Field(30.0, ge=15, le=60)
    limits: Limits = Limits()
    moderation: Moderation = Moderation()

    @model_validator(mode="after")
    def _drafts_are_worth_it(self) -> Self:
        if self.draft_first and self.scene_backend == "procedural":
            raise ValueError("draft_first: what is drawn is there at once; it is for a scene_backend that generates")
        return self

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of its pictures, in pixels."""
        return reduced(self.format, self.draft)

    def look_for(self, scene_number: int) -> str | None:
        """The look of a scene (from 1), or None where the renderer shall choose."""
        return self.looks[(scene_number - 1) % len(self.looks)] if self.looks else None


def reduced(shape: Format, draft: int) -> tuple[int, int]:
    """(width, height) of a picture that is `draft` times smaller: even numbers, as the encoder wants them."""
    width, height = shape.size
    return width // draft & ~1, height // draft & ~1


_CATALOGS: dict[tuple[str, ...], Catalog[Flavor]] = {}


def list_flavors(config: Settings | None = None) -> tuple[Flavor, ...]:
    """All flavors, by name. Raises `ConfigurationError` with file and line for one that was never readable."""
    return tuple(sorted(_catalog(config).all().values(), key=lambda flavor: flavor.name))


def get_flavor(name: str, config: Settings | None = None) -> Flavor:
    """The flavor of that name, as its files are now. Raises `NotFoundError`, or `ConfigurationError` as above."""
    found = _catalog(config).all()
    if name not in found:
        raise NotFoundError(f"there is no flavor {name!r}", hint=f"There are: {', '.join(sorted(found))}.")
    return found[name]


def beside(name: str, file: str, config: Settings | None = None) -> Path | None:
    """A file of a flavor's folder, of the one that wins; None where it is not there."""
    places = [folder / name / Path(file).name for folder in folders((config or settings()).flavor_dirs)]
    return next((place for place in reversed(places) if place.is_file()), None)


def _catalog(config: Settings | None) -> Catalog[Flavor]:
    where = folders((config or settings()).flavor_dirs)
    key = tuple(map(str, where))
    if key not in _CATALOGS:
        _CATALOGS[key] = Catalog(Flavor, where)
    return _CATALOGS[key]
