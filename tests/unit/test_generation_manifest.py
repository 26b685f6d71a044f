"""Model manifests, the clip that a model is asked for, and where its weights are looked for. No torch needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_consumers import backends
from gpu_consumers.errors import BackendMissingError
from gpu_consumers.generation import commands
from gpu_consumers.generation.manifest import Manifest, Shape, manifest, manifests
from gpu_consumers.generation.shapes import frames_for, shape_for, work_for
from gpu_consumers.generation.swaps import swap, swaps
from gpu_consumers.generation.weights import FETCHED, commit_of, digest, locate, missing
from infra.errors import ConfigurationError, NotFoundError
from infra.settings import Settings
from schemas.values import Format
from tests.unit.picture_kit import spec

GOOD = """
pipeline: LTXPipeline
folder: {folder}
steps: 4
shapes: [{{width: 64, height: 96, frames: 25}}]
memory: {{weights: 1, peak: 1}}
network: {{parameters: 1e6, layers: 1, width: 32}}
licence: none
"""


def config(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model_dirs=(tmp_path / "models",))


def write(tmp_path: Path, name: str, text: str) -> Settings:
    (tmp_path / "models" / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "models" / name / "model.yaml").write_text(text)
    return config(tmp_path)


def test_those_that_ship_are_read_and_each_has_an_upright_shape_a_licence_and_a_source(tmp_path: Path) -> None:
    found = manifests(config(tmp_path))
    assert set(found) >= {"ltx", "wan-small", "wan-5b", "svd-xt"}
    for each in found.values():
        assert each.repo and each.licence and shape_for(each, spec()).height > shape_for(each, spec()).width
        assert frames_for(each, each.shapes[0], spec()) % each.multiple in (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("steps: 4", "steps: none", "model.yaml:4: steps"),
        ("folder: {folder}", "", "either repo or folder"),
        ("licence: none", "license: none", "license"),
        ("pipeline: LTXPipeline", "pipeline: os.system", "pipeline"),
        ("steps: 4", "steps: 4\ndtypes: {{transformer: float32}}", "transformer"),
        ("steps: 4", "steps: 4\ncache: {{kind: second-block}}", "first-block"),
        ("steps: 4", "steps: 4\ncache: {{kind: taylor, threshold: 0.1}}", "threshold"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    settings = write(tmp_path, "mine", GOOD.replace(old, new).format(folder=tmp_path))
    with pytest.raises(ConfigurationError, match=says):
        manifests(settings)


def test_one_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        manifest("nothing", config(tmp_path))
    assert "ltx" in str(caught.value.hint)
    with pytest.raises(BackendMissingError, match="no scene backend 'nothing'"):
        backends.renderer("nothing", config(tmp_path))


def made(**changes: object) -> Manifest:
    values = {
        "name": "m", "pipeline": "LTXPipeline", "repo": "a/b", "steps": 4, "licence": "none", "multiple": 8, "fps": 24,
        "shapes": [{"width": 480, "height": 832, "frames": 121}, {"width": 832, "height": 480, "frames": 121}],
        "memory": {"weights": 1, "peak": 1}, "network": {"parameters": 1e6, "layers": 1, "width": 32},
    }  # fmt: skip
    return Manifest.model_validate(values | changes)


def test_each_stage_has_a_precision() -> None:
    mixed = made(dtypes={"vae": "float32", "text_encoder": "float16"})
    assert [mixed.precision(stage) for stage in ("denoiser", "vae", "text_encoder")] == [
        "bfloat16", "float32", "float16"
    ]  # fmt: skip


def test_fp8_is_a_precision_of_the_denoiser_alone_and_part_of_the_work() -> None:
    eighths = made(dtype="float32", dtypes={"denoiser": "fp8"}, network={"parameters": 1e8, "layers": 1, "width": 32})
    # what is not in 8 bits is in bfloat16; all other stages are what they were
    assert [eighths.precision(stage) for stage in ("denoiser", "vae", "text_encoder")] == [
        "bfloat16", "float32", "float32"
    ]  # fmt: skip
    assert [work_for(one, spec(), "eager").precision for one in (made(), eighths)] == ["", "fp8"]
    # of 1 GiB in 4 bytes each, three of four go; never more than there is
    assert eighths.held == int(2**30 - 0.97 * 1e8 * 3)
    assert eighths.model_copy(update={"memory": eighths.memory.model_copy(update={"weights": 0.1})}).held == 0
    with pytest.raises(ValueError, match="vae"):
        made(dtypes={"vae": "fp8"})


def test_a_step_cache_is_part_of_the_work_and_its_memory_is_counted() -> None:
    plain, first = made(), made(cache={"kind": "first-block", "threshold": 0.1})
    lines, curves = (made(cache={"kind": "taylor", "order": order}) for order in (1, 2))
    works = [work_for(one, spec(), "eager") for one in (plain, first, lines)]
    assert [work.cache for work in works] == ["", "first-block 0.1", "taylor 3 3 1"]
    # 32 numbers of two bytes for each token, in both passes of a step
    whole = plain.architecture.tokens(works[0]) * 32 * 2 * 2
    assert [one.cached(works[0]) / whole for one in (plain, first, lines, curves)] == [0, 3, 2, 3]


@pytest.mark.parametrize(
    ("format_", "expected"),
    [(Format.PORTRAIT, (480, 832)), (Format.LANDSCAPE, (832, 480)), (Format.SQUARE, (480, 832))],
)
def test_the_shape_is_the_one_most_like_the_video(format_: Format, expected: tuple[int, int]) -> None:
    shape = shape_for(made(), spec(format=format_))
    assert (shape.width, shape.height) == expected


@pytest.mark.parametrize(("seconds", "frames"), [(0.2, 9), (1, 25), (3.5, 89), (60, 121)])
def test_clips_cover_the_scene_in_a_number_of_frames_that_the_model_can_make(seconds: float, frames: int) -> None:
    scene = spec(duration_ms=round(seconds * 1000))
    assert frames_for(made(), made().shapes[0], scene) == frames
    assert work_for(made(), scene, "eager").frames == frames


def test_a_shape_has_a_name_for_engines() -> None:
    assert Shape(width=480, height=832, frames=81).bucket == "480x832x81"


def weights(folder: Path) -> Path:
    """A pipeline of two components, one in two shards."""
    for part in ("transformer", "vae"):
        (folder / part).mkdir(parents=True)
    (folder / "model_index.json").write_text(
        json.dumps(
            {"_class_name": "X", "transformer": ["diffusers", "T"], "vae": ["diffusers", "V"], "extra": [None, None]}
        )
    )
    shards = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (folder / "transformer/model.safetensors.index.json").write_text(json.dumps(shards))
    for name in ("transformer/one", "transformer/two", "vae/model"):
        (folder / f"{name}.safetensors").write_bytes(b"\0" * 200_000)
    return folder


def test_weights_are_found_where_pull_puts_them_and_what_lacks_is_named(tmp_path: Path) -> None:
    settings = config(tmp_path)
    ltx = manifest("ltx", settings)
    with pytest.raises(BackendMissingError) as caught:
        locate(ltx, settings)
    assert caught.value.hint == "Fetch them: swipestream models pull ltx"
    folder = weights(settings.weights_dir / "ltx")
    assert locate(ltx, settings) == folder
    (folder / "transformer/two.safetensors").unlink()
    assert missing(folder) == ["transformer/two.safetensors"]
    with pytest.raises(BackendMissingError):
        locate(ltx, settings)


def test_the_commit_of_weights_is_the_one_that_was_fetched(tmp_path: Path) -> None:
    settings, one, other = config(tmp_path), "1" * 40, "2" * 40
    ltx, folder = manifest("ltx", settings), weights(settings.weights_dir / "ltx")
    # what somebody else put there has none, and serves whichever is named
    pinned = ltx.model_copy(update={"revision": one})
    assert commit_of(folder, pinned) is None and locate(pinned, settings) == folder
    (folder / FETCHED).write_text(f"{one}\n")
    assert commit_of(folder, ltx) == commit_of(folder, pinned) == one and locate(pinned, settings) == folder
    with pytest.raises(BackendMissingError):
        locate(ltx.model_copy(update={"revision": other}), settings)
    # the hub's cache names a folder by it
    assert commit_of(weights(tmp_path / "snapshots" / one), pinned) == one


def test_the_digest_changes_with_the_weights_and_with_nothing_else(tmp_path: Path) -> None:
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert digest(one) == digest(other)
    (other / ".cache").mkdir()
    (other / ".cache/when").write_text("today")
    assert digest(one) == digest(other)
    changed = bytearray((other / "vae/model.safetensors").read_bytes())
    changed[-1] = 1
    (other / "vae/model.safetensors").write_bytes(changed)
    assert digest(one) != digest(other)


def test_a_swap_is_undone_though_the_weights_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a model that another one stands in for, and of which no weights are left
    own = config(tmp_path)
    monkeypatch.setattr(commands, "config", lambda: own)
    swap(own, "ltx", "wan-small")
    with pytest.raises(BackendMissingError, match="the weights of wan-small"):
        commands.swap_model("ltx", "wan-small")
    # when it is to stand for itself again, it does
    commands.swap_model("ltx")
    assert swaps(own) == {}
