"""Values that several contracts share: lanes, artefacts, costs, scripts, spoken words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Slug
from schemas.charts import Chart

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Lane(StrEnum):
    """How urgent work is. Workers prefer the lanes in this order, with ageing."""

    INTERACTIVE = "interactive"  #: somebody waits for it
    PREFETCH = "prefetch"  #: somebody will want it soon
    BULK = "bulk"  #: replays and batches


class Origin(StrEnum):
    """Who asked for a video."""

    PERSON = "person"
    API = "api"
    STARTER = "starter"
    PREFETCH = "prefetch"
    REPLAY = "replay"


class Artifact(Contract):
    """Bytes in the media store, addressed by what they are: `<sha256>.<suffix>`."""

    sha256: Sha256
    suffix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]
    media_type: str
    size: int = Field(ge=0, description="bytes")

    @property
    def name(self) -> str:
        """The immutable name under which the store holds it and the API serves it."""
        return f"{self.sha256}.{self.suffix}"


class FootageKind(StrEnum):
    """What footage is."""

    IMAGE = "image"
    CLIP = "clip"


class FootageOrigin(StrEnum):
    """Where footage comes from."""

    UPLOAD = "upload"  #: somebody's own, uploaded
    STOCK = "stock"  #: found in a stock library


class Move(StrEnum):
    """How the view moves over an image (a clip moves by itself, and is only cropped)."""

    AUTO = "auto"  #: chosen by the scene's seed
    IN = "in"  #: a slow zoom towards the focus
    OUT = "out"  #: a slow zoom away from it
    PAN = "pan"  #: along the longer side


class Footage(Contract):
    """An image or a clip that a scene shows behind its words."""

    artifact: Artifact
    kind: FootageKind
    origin: FootageOrigin = FootageOrigin.UPLOAD
    scene_number: int | None = Field(None, ge=1, le=20, description="the scene that shows it; none: spread over all")
    focus_x: float = Field(0.5, ge=0, le=1, description="what stays in view when it is cropped, from the left")
    focus_y: float = Field(0.5, ge=0, le=1, description="the same, from the top")
    move: Move = Move.AUTO
    start_s: float = Field(0.0, ge=0, le=3600, description="where a clip begins; one that is too short is repeated")
    credit: Annotated[str, StringConstraints(max_length=300)] = Field("", description="who made it, as it must be told")
    licence: Annotated[str, StringConstraints(max_length=200)] = ""
    source: Annotated[str, StringConstraints(max_length=1000)] = Field("", description="the page it was found on")


class Rendition(Contract):
    """The same video in another size."""

    artifact: Artifact
    width: int = Field(gt=0, description="pixels")
    height: int = Field(gt=0, description="pixels")


class Style(Contract):
    """A LoRA of a generative model, by the name that its manifest gives it."""

    name: Slug
    weight: float = Field(1.0, ge=-2, le=2, description="0: not at all; 1: as it was trained")


Styles = Annotated[tuple[Style, ...], Field(max_length=8)]
#: The scale of classifier-free guidance (Ho & Salimans 2022): 1 is none, more keeps closer to the prompt.
Guidance = Annotated[float, Field(ge=0, le=50)]


class Take(Contract):
    """How a scene is made, where it differs from what the video's flavor and the seed of its id say."""

    flavor: Slug | None = None
    voice: Annotated[str, StringConstraints(max_length=100)] | None = Field(None, description="the speaker's name")
    model: Slug | None = Field(None, description="the backend that draws")
    seed: int | None = Field(None, ge=0, le=2**53 - 1, description="another number, another picture")
    styles: Styles | None = Field(None, description="LoRAs of a generative model, and how strong each is")
    guidance: Guidance | None = Field(None, description="how closely a generative model keeps to the prompt")


class SceneTake(Take):
    """How one scene is made, in place of what holds for all."""

    scene_number: int = Field(ge=1, le=99)


class Regeneration(Contract):
    """Why and how a video is made once more. It travels from the request to the scenes."""

    base_revision: int = Field(ge=1)
    take: Take = Take()
    scenes: tuple[SceneTake, ...] = Field((), max_length=20)
    instead: bool = Field(False, description="earlier revisions that are still being made are dropped")

    def for_scene(self, scene_number: int) -> Take:
        """How that scene is made."""
        own = (scene for scene in self.scenes if scene.scene_number == scene_number)
        return next(own, self.take)


class Upgrade(Contract):
    """A draft will be followed by the same video in full: the prompt with which that revision is asked for."""

    text: str
    archetype: Slug | None = None
    target_seconds: float | None = None
    subject: str | None = None


class Cost(Contract):
    """What a step used, as measured by the worker that did it, and its price by the settings then in force."""

    cpu_seconds: float = Field(0.0, ge=0)
    gpu_seconds: float = Field(0.0, ge=0)
    wall_seconds: float = Field(0.0, ge=0)
    energy_j: float = Field(0.0, ge=0, description="joules of GPU and CPU package; 0 where no meter could be read")
    amount: float = Field(0.0, ge=0, description="in `currency`")
    currency: str = "USD"

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            gpu_seconds=self.gpu_seconds + other.gpu_seconds,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            energy_j=self.energy_j + other.energy_j,
            amount=self.amount + other.amount,
            currency=self.currency,
        )


class ClipQuality(Contract):
    """What a clip's pictures say of themselves, without anybody looking: measured on the luma of its frames."""

    width: int = Field(ge=1, description="pixels of the frames that were looked at")
    height: int = Field(ge=1)
    frames: int = Field(ge=1, description="how many were looked at")
    sharpness: float = Field(
        ge=0, description="variance of the Laplacian, the median of the frames: little is blurred, much is noise"
    )
    flicker: float = Field(
        ge=0, description="levels that a sample goes and comes back from one frame to the next, on average"
    )
    reference: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="what the next two compare it with: `draft`, the same scene in few steps"
    )
    psnr_db: float | None = Field(None, ge=0, le=100, description="100 for equal pictures")
    ssim: float | None = Field(None, ge=-1, le=1, description="structural similarity, 1 for equal pictures")


class Outlier(Contract):
    """A figure that lies far outside of what was usual lately."""

    figure: Slug = Field(description="sharpness, flicker, psnr_db, ssim, seconds or amount; fvd of many clips")
    value: float
    typical: float = Field(description="the median of the last ones of its kind")
    deviations: float = Field(ge=0, description="how far off, in robust standard deviations of the logarithm")


class RenderWork(Contract):
    """What a generative model did for a scene, and how long each phase took: the cost model learns from it.

    Phases are seconds on the device, without the time spent waiting while others had it.
    """

    model: Annotated[str, StringConstraints(max_length=200)]
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    frames: int = Field(ge=1)
    steps: int = Field(ge=1)
    accelerator: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="eager, inductor, tensorrt; `tensorrt, vae inductor` where the VAE's decoder has another"
    )
    cache: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="the step cache of its denoiser, with its numbers; empty: none"
    )
    precision: Annotated[str, StringConstraints(max_length=20)] = Field(
        "", description="of its denoiser's layers, where it is not that of the weights: fp8"
    )
    passes: int = Field(
        0, ge=0, le=4, description="forward passes of a step, where its guidance makes others; 0: as usual"
    )
    device: Annotated[str, StringConstraints(max_length=200)] = Field(description="the chip, as its driver names it")
    batch: int = Field(1, ge=1, description="scenes that were made together with it, itself included")
    encode_s: float = Field(0.0, ge=0, description="from the start to the first step")
    step_s: float = Field(0.0, ge=0, description="median of the denoising steps; with a step cache, their mean")
    decode_s: float = Field(0.0, ge=0, description="from the last step to the pixels")
    post: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="the networks that its frames went through to become more and larger; empty: none"
    )
    post_frames: int = Field(0, ge=0, description="frames that came out of them")
    post_s: float = Field(0.0, ge=0, description="in these networks, all frames together")
    waited_s: float = Field(0.0, ge=0, description="in the scheduler, before it began and while it was pre-empted")
    preemptions: int = Field(0, ge=0)


class Judgement(Contract):
    """What one moderator found, at its strongest, and whether that is still allowed."""

    allowed: bool
    moderator: Annotated[str, StringConstraints(max_length=100)]
    category: Annotated[str, StringConstraints(max_length=100)] | None = Field(None, description="none: nothing found")
    rule: Annotated[str, StringConstraints(max_length=200)] | None = Field(None, description="the rule, or the label")
    score: float = Field(0.0, ge=0, le=1)
    threshold: float = Field(0.5, ge=0, le=1, description="from this score on it is refused, by flavor and category")


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


class Format(StrEnum):
    """The picture's shape, in pixels as width x height."""

    PORTRAIT = "1080x1920"
    LANDSCAPE = "1920x1080"
    SQUARE = "1080x1080"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        width, height = self.value.split("x")
        return int(width), int(height)


#: Formats as people name them: width to height.
RATIOS = {"9:16": Format.PORTRAIT, "16:9": Format.LANDSCAPE, "1:1": Format.SQUARE}
