"""Model manifests: what a pipeline is, where its weights are, what it can make, and what it needs.

Each is a folder with a `model.yaml`, shipped or the installation's own (setting `model_dirs`). Reading them needs no
torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gpu_consumers.estimates.formula import Architecture
from gpu_consumers.generation.skipping import Cache
from gpu_consumers.scheduling.work import Work
from infra.errors import NotFoundError
from infra.flavor_files import Catalog
from infra.flavors import Part
from infra.settings import Settings
from schemas.base import Slug

FILE = "model.yaml"
SHIPPED = Path(__file__).parents[1] / "models"
GIB = 2**30
#: Clips that are made at once, at most.
BATCH_MOST = 16

ClassName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Repo = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Dtype = Literal["float32", "float16", "bfloat16"]
Stage = Literal["denoiser", "vae", "text_encoder"]
BYTES: dict[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
#: Of a transformer's weights, what is in 8 bits with `fp8`: 97.7 % of LTX, 98.1 % of Wan 1.3B and 98.2 % of Wan 5B.
EIGHTHS = 0.97


class Shape(Part):
    """One clip size that the model is used at. Few of them, so that engines can be built for each."""

    width: int = Field(ge=16, multiple_of=8)
    height: int = Field(ge=16, multiple_of=8)
    frames: int = Field(ge=2, description="at most; shorter scenes take fewer")

    @property
    def bucket(self) -> str:
        """Its name for engines and logs."""
        return f"{self.width}x{self.height}x{self.frames}"


class Needs(Part):
    """Memory on the device, in GiB: the weights as `dtype` (FP8 is taken off), and at most beside them while it runs at
    its largest shape."""

    weights: float = Field(ge=0)
    peak: float = Field(ge=0)
    tiled: float | None = Field(
        None, ge=0, description="in place of `peak` where that does not fit: its VAE then decodes in overlapping tiles"
    )


class Precision(Part):
    """Of each stage; where it says nothing, the manifest's `dtype`."""

    denoiser: Dtype | Literal["fp8"] | None = Field(None, description="fp8: linear layers in 8 bits, else bfloat16")
    vae: Dtype | None = None
    text_encoder: Dtype | None = None


class Network(Part):
    """Of the denoiser, for the formula of how long a clip takes."""

    parameters: float = Field(gt=0, description="those that each latent token goes through")
    total: float | None = Field(None, gt=0, description="all, where that is more: what FP8 saves is reckoned of them")
    layers: int = Field(ge=1, description="with attention among tokens")
    width: int = Field(ge=1)
    patch: int = Field(16, ge=1, description="pixels of a latent token's edge")
    per_frames: int = Field(4, ge=1, description="frames that a latent frame stands for")
    framewise: bool = Field(False, description="whether tokens attend to those of their own frame alone")
    passes: int = Field(2, ge=1, le=3, description="forward passes of a step: 2 with classifier-free guidance")


def label_of(networks: Iterable[Path]) -> str:
    """Networks that frames go through, as the cost model knows them."""
    return " + ".join(path.name for path in networks)[:100]


class Post(Part):
    """How its frames become those of the video."""

    interpolate: Literal["motion", "blend", "none"] = "motion"
    interpolator: Path | None = Field(None, description="TorchScript (before, after, time) -> picture, in its place")
    upscale: Literal["lanczos", "bicubic"] = "lanczos"
    upscaler: Path | None = Field(None, description="safetensors of a network that enlarges pictures, in its place")
    sharpen: float = Field(0.3, ge=0, le=1.5)
    peak: float = Field(2.0, gt=0, description="GiB that these networks take at most beside their weights")

    @property
    def networks(self) -> tuple[Path, ...]:
        """The files that it names, there or not."""
        return tuple(path for path in (self.interpolator, self.upscaler) if path is not None)

    @property
    def label(self) -> str:
        """The same for the cost model; empty without any."""
        return label_of(self.networks)

    @property
    def held(self) -> int:
        """Bytes of their weights."""
        return sum(path.stat().st_size for path in self.networks if path.is_file())


class Style(Part):
    """A LoRA for the denoiser."""

    file: Path | None = Field(None, description="safetensors on this machine, in place of a repository")
    repo: Repo | None = None
    revision: Commit | None = None
    weight_name: str = Field("", description="the file in the repository")
    trigger: str = Field("", max_length=200, description="words that it listens to, put before the prompt")
    licence: str = ""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if (self.repo is None) == (self.file is None):
            raise ValueError("either repo or file must be given")
        if self.repo and not (self.revision and self.weight_name.endswith(".safetensors")):
            raise ValueError("a repo needs a revision (the commit) and a weight_name that ends with .safetensors")
        return self


class Manifest(Part):
    """A generative model."""

    name: Slug
    title: str = Field("", max_length=80)
    pipeline: ClassName = Field(description="a pipeline class of diffusers")
    repo: Repo | None = Field(None, description="where the weights come from")
    revision: Commit | None = Field(None, description="the commit of the repository; without it nothing is fetched")
    folder: Path | None = Field(None, description="weights on this machine, in place of a repository")
    image: bool = Field(False, description="it sets a picture in motion: the scene's drawn one")
    dtype: Dtype = "bfloat16"
    dtypes: Precision = Field(Precision(), description="of single stages, such as a VAE in float32")
    steps: int = Field(ge=1, le=200)
    draft_steps: int | None = Field(None, ge=1, le=200, description="of a draft; none: drafts are drawn, not generated")
    guidance: float | None = Field(None, ge=0)
    prompt: str = "{visuals}"
    negative_prompt: str = ""
    shapes: tuple[Shape, ...] = Field(min_length=1)
    multiple: int = Field(4, ge=1, description="clips hold a multiple of so many frames, and one more")
    fps: float = Field(24.0, gt=0, le=120)
    options: dict[str, Any] = Field({}, description="more arguments of the pipeline's call")
    cache: Cache | None = Field(None, description="passes that are much alike skip work; it then runs eagerly")
    batch: int = Field(
        1,
        ge=1,
        le=BATCH_MOST,
        description="clips made at once, at most, where that was measured to pay; above 1 bits depend on the company",
    )
    boundaries: Literal["passes", "blocks"] = Field("passes", description="where it can be pre-empted")
    memory: Needs
    network: Network
    post: Post = Post()
    preview_vae: Path | None = Field(None, description="folder of an AutoencoderTiny, for previews alone")
    styles: dict[Slug, Style] = Field({}, description="LoRAs by name; flavors mix them")
    styles_kept: int = Field(4, ge=1, le=64, description="in memory at once; the least recently used go first")
    licence: str = Field(min_length=1)
    licence_url: str = ""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if (self.repo is None) == (self.folder is None):
            raise ValueError("either repo or folder must be given")
        return self

    @model_validator(mode="after")
    def _batches_are_of_words(self) -> Self:
        if self.batch > 1 and self.image:
            raise ValueError("batch: models that set a picture in motion make one clip at a time")
        return self

    def drafted(self) -> Manifest:
        """The same with the steps of a draft."""
        return self.model_copy(update={"steps": self.draft_steps or self.steps})

    def precision(self, stage: Stage) -> Dtype:
        """What a stage's weights are loaded as, and computed in."""
        told: Dtype | Literal["fp8"] | None = getattr(self.dtypes, stage)
        return "bfloat16" if told == "fp8" else told or self.dtype

    @property
    def fp8(self) -> bool:
        """Whether the linear layers of its denoiser are brought to 8 bits once they are loaded."""
        return self.dtypes.denoiser == "fp8"

    @property
    def held(self) -> int:
        """Bytes of its weights on the device: `memory.weights` says what they take as they are published. With those of
        the networks that its frames go through."""
        parameters = self.network.total or self.network.parameters
        saved = EIGHTHS * parameters * (BYTES[self.dtype] - 1) if self.fp8 else 0
        return max(0, int(self.memory.weights * GIB - saved)) + self.post.held

    def cached(self, work: Work) -> int:
        """Bytes that its step cache keeps for a clip, while that runs and while it is suspended."""
        values = self.architecture.tokens(work) * self.network.width * (work.passes or self.network.passes)
        return values * BYTES[self.precision("denoiser")] * self.cache.tensors if self.cache else 0

    @property
    def largest(self) -> Shape:
        """The shape of the most pixels."""
        return max(self.shapes, key=lambda shape: shape.width * shape.height * shape.frames)

    @property
    def architecture(self) -> Architecture:
        """For the cost model's formula."""
        return Architecture(**self.network.model_dump(exclude={"total"}), weights=self.held, post=self.post.held // 4)


_CATALOGS: dict[tuple[Path, ...], Catalog[Manifest]] = {}


def manifests(config: Settings) -> dict[str, Manifest]:
    """All manifests by name. Raises `ConfigurationError` with file and line for one that was never readable."""
    where = (SHIPPED, *config.model_dirs)
    if where not in _CATALOGS:
        _CATALOGS[where] = Catalog(Manifest, where, file=FILE)
    return dict(sorted(_CATALOGS[where].all().items()))


def manifest(name: str, config: Settings) -> Manifest:
    """The manifest of that name. Raises `NotFoundError`, or `ConfigurationError` as above."""
    found = manifests(config)
    if name not in found:
        raise NotFoundError(f"there is no model {name!r}", hint=f"There are: {', '.join(found)}.")
    return found[name]
