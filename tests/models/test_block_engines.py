"""Engines for the blocks of a denoiser: one build for all that are alike, below the hooks of step caches."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpu_consumers import backends
from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Inductor
from gpu_consumers.acceleration.buckets import restore, seated
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Wanted, accelerate
from gpu_consumers.acceleration.examples import examples
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.boundaries import repeated
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.loading import load, one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Clip, Example, Urgency
from infra.settings import Settings
from schemas.values import Lane
from tests.models.pipelines_kit import Denoising, configured, save, write_manifest
from tests.models.test_scene_models import TIMEOUT, quiet, small, until
from tests.models.test_step_caches import CACHED, FIRST_BLOCK, LAYERS, STEPS, TAYLOR

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CPU = torch.device("cpu")


class Noting(Denoising):
    """Denoisers alone; notes whose engine ran."""

    def __init__(self, cache: EngineCache) -> None:
        super().__init__(cache, CPU)
        self.ran: list[Any] = []

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        made = super().prepare(module, example, shape_bucket)

        def run(*args: Any, **kwargs: Any) -> Any:
            self.ran.append(module)
            return made(*args, **kwargs)

        return run


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("blocks")
    torch.set_num_threads(1)
    for model in ("ltx", "wan"):
        folder = save(f"tiny-{model}", root / "weights", layers=LAYERS)
        for name, cache in ((f"{model}-first-block", FIRST_BLOCK), (f"{model}-taylor", TAYLOR)):
            write_manifest(name, folder, root / "models", kind=f"tiny-{model}", steps=STEPS, cache=cache)
        write_manifest(f"{model}-blocks", folder, root / "models", kind=f"tiny-{model}", boundaries="blocks")
    write_manifest("svd", save("tiny-svd", root / "weights"), root / "models", kind="tiny-svd")
    return configured(root)


@pytest.fixture(scope="module")
def inductor(engines: EngineCache) -> Noting:
    return Noting(engines)


@pytest.fixture(scope="module")
def device(config: Settings, inductor: Noting) -> Iterator[Device]:
    """All models on engines."""
    made = Device(config, [inductor])
    yield made
    made.stop()


def clip(device: Device, config: Settings, name: str, out: Path, seed: int = 1, lane: Lane = Lane.INTERACTIVE) -> Clip:
    """Of a whole shape, for which engines are built."""
    return DiffusersRenderer(device, manifest(name, config), config, Urgency(lane=lane)).render(
        small(seed, 2000), out / f"{lane}-{seed}.mp4", quiet
    )


def blocks_of(device: Device, name: str) -> list[Any]:
    return [block for _, block in repeated(device.pipe(name).transformer)]


def computed(blocks: list[Any], ran: list[Any]) -> list[int]:
    return [blocks.index(block) for block in ran]


def eagerly(config: Settings, name: str, out: Path) -> list[int]:
    """The numbers of the blocks that are computed for that clip without engines."""
    device, ran = Device(config, []), list[Any]()
    blocks = blocks_of(device, name)
    for block in blocks:
        block.attn1.register_forward_pre_hook(lambda *_, block=block: ran.append(block))
    clip(device, config, name, out)
    return computed(blocks, ran)


@pytest.mark.parametrize("name", CACHED)
def test_every_block_runs_on_one_engine_and_the_same_passes_are_skipped(
    name: str, config: Settings, device: Device, inductor: Noting, tmp_path: Path
) -> None:
    # given a model with a step cache whose blocks' engine is built
    choice = device.engines.prepared(name)
    assert choice.label == "inductor, vae eager" and choice.parity[0].relative < 1e-5
    blocks, plain = blocks_of(device, name), eagerly(config, name, tmp_path)
    # when it makes a clip
    inductor.ran.clear()
    made = clip(device, config, name, tmp_path)
    before = made.path.read_bytes()
    # then all that is computed is computed by engines, and that is what is computed without them
    assert computed(blocks, inductor.ran) == plain and set(plain) == set(range(LAYERS))
    assert plain.count(1) < plain.count(0) or "taylor" in name
    assert made.details["work"].accelerator == "inductor, vae eager" and made.details["work"].cache
    # and there is one engine for all blocks
    graph = keys.structure(blocks[0])
    told = [json.loads(path.read_bytes())["facts"] for path in inductor.cache.place[0].glob("*/manifest.json")]
    (of_it,) = [facts for facts in told if facts["graph"] == graph and facts["bucket"] == _bucket(name, config)]
    assert of_it["accelerator"] == "inductor" and device.engines.builder.started <= 2
    # and when it was let go of and comes back, it makes the very same clip, on the very same engine
    device.models.drop(name)
    inductor.ran.clear()
    assert clip(device, config, name, tmp_path).path.read_bytes() == before
    assert len(inductor.ran) >= len(plain) and not set(inductor.ran) & set(blocks)


def _bucket(name: str, config: Settings) -> str:
    return manifest(name, config).shapes[0].bucket


@pytest.mark.parametrize("name", CACHED)
def test_a_clip_on_block_engines_that_gave_way_is_bit_for_bit_what_it_would_have_been(
    name: str, config: Settings, device: Device, inductor: Noting, tmp_path: Path
) -> None:
    # given clips made undisturbed
    device.engines.prepared(name)
    alone, counts = [], []
    for seed in (1, 2):
        inductor.ran.clear()
        alone.append(clip(device, config, name, tmp_path, seed).path.read_bytes())
        counts.append(len(inductor.ran))
    inductor.ran.clear()
    # when the first gives way after every third pass
    hook = device.pipe(name).transformer.register_forward_hook
    bulk, urgent = _disturbed(name, config, device, tmp_path, hook, every=3)
    # then both are what they were, and computed what they computed
    assert bulk.details["work"].preemptions >= 2 and bulk.path.read_bytes() == alone[0]
    assert {one.path.read_bytes() for one in urgent} == {alone[1]}
    assert len(inductor.ran) == counts[0] + 3 * counts[1]


@pytest.mark.parametrize("name", ["ltx-blocks", "wan-blocks"])
def test_a_clip_on_block_engines_gives_way_between_two_blocks(
    name: str, config: Settings, device: Device, inductor: Noting, tmp_path: Path
) -> None:
    assert device.engines.prepared(name).label == "inductor, vae eager"
    alone = [clip(device, config, name, tmp_path, seed).path.read_bytes() for seed in (1, 2)]
    inductor.ran.clear()
    # when others come each time that it is in the middle of a pass
    hook = blocks_of(device, name)[LAYERS // 2].register_forward_hook
    begun = list[int]()

    def note(*_: Any) -> None:
        begun.append(len(inductor.ran) if threading.current_thread().name.startswith("fast") else -1)

    noting = device.pipe(name).transformer.register_forward_pre_hook(note)
    bulk, urgent = _disturbed(name, config, device, tmp_path, hook, every=1)
    noting.remove()
    # then they begin there, and all is what it was
    assert [number % LAYERS for number in begun if number >= 0].count(LAYERS // 2 + 1)
    assert bulk.details["work"].preemptions >= 2 and bulk.path.read_bytes() == alone[0]
    assert {one.path.read_bytes() for one in urgent} == {alone[1]}


def _disturbed(
    name: str, config: Settings, device: Device, out: Path, register: Callable[..., Any], *, every: int
) -> tuple[Clip, list[Clip]]:
    """A clip in bulk, and three urgent ones that take its place after some calls of what is hooked."""
    calls, begun, finished = [0], threading.Event(), threading.Event()

    def gate(*_: Any) -> None:
        if not threading.current_thread().name.startswith("bulk"):
            return
        calls[0] += 1
        begun.set()
        if calls[0] % every == 0:
            until(lambda: len(device.turnstile._places) == 2 or finished.is_set())

    hook = register(gate)
    try:
        with ThreadPoolExecutor(1, "bulk") as slow, ThreadPoolExecutor(1, "fast") as fast:
            bulk = slow.submit(clip, device, config, name, out, 1, Lane.BULK)
            assert begun.wait(TIMEOUT)
            urgent = []
            for number in range(3):
                (out / str(number)).mkdir()
                urgent.append(fast.submit(clip, device, config, name, out / str(number), 2))
            clips = [one.result(TIMEOUT) for one in urgent]
            finished.set()
            return bulk.result(TIMEOUT), clips
    finally:
        finished.set()
        hook.remove()


def found(pipe: Any, name: str, config: Settings) -> Wanted:
    model = manifest(name, config)
    (made,) = examples(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))
    return made


def loaded(name: str, config: Settings) -> Any:
    return load(manifest(name, config), Path(manifest(name, config).folder or ""))


@pytest.mark.parametrize("name", CACHED)
def test_what_is_proven_is_a_whole_pass_whatever_the_cache_remembers(name: str, config: Settings) -> None:
    # given a pass without a cache, and a model with one in the middle of a clip
    pipe = loaded(name, config)
    plain = found(pipe, name, config)
    expected, cache = plain.result(), StepCache(pipe, manifest(name, config))
    cached = found(pipe, name, config)
    calls: list[None] = []
    list(repeated(pipe.transformer))[1][1].attn1.register_forward_pre_hook(lambda *_: calls.append(None))
    with torch.no_grad(), pipe.transformer.cache_context("cond"):
        for _ in range(4):
            pipe.transformer(**plain.example.fresh().kwargs)
    before, skipping = cache.take(), len(calls)
    # when it is proven
    made = [cached.result() for _ in range(4)]
    # then nothing is skipped, and the clip finds what it left
    assert skipping < 4 and len(calls) == skipping + 4
    assert all(np.array_equal(each, expected) for each in made)
    assert cache.take() == before and any(states for states, _ in before)
    assert cached.skipping and not plain.skipping
    # and blocks that are alike are one
    (region,) = cached.blocks
    assert len(region.twins) == LAYERS - 1 and all(value.untyped_storage().nbytes() <= 8 for value in _values(region))


def _values(region: Any) -> list[torch.Tensor]:
    kept: list[torch.Tensor] = []
    region.example.mapped(lambda value: kept.append(value) if isinstance(value, torch.Tensor) else None)
    assert kept
    return kept


def test_engines_stand_below_the_hooks_in_whatever_order_they_come_and_go(
    config: Settings, device: Device, inductor: Noting
) -> None:
    name = "ltx-first-block"
    device.engines.prepared(name)
    # given engines in blocks before there is a cache
    pipe = loaded(name, config)
    whole = found(pipe, name, config)
    assert accelerate([whole], [inductor], "float32").name == "inductor"
    blocks = [block for _, block in repeated(pipe.transformer)]
    assert all(block.forward is seated(block) for block in blocks)
    # when the cache comes, the engines go, and come again
    StepCache(pipe, manifest(name, config))
    for engines_run in (True, False, True):
        if not engines_run:
            restore(pipe.transformer)
        elif blocks[0].forward is not seated(blocks[0]):
            assert accelerate([found(pipe, name, config)], [inductor], "float32").name == "inductor"
        inductor.ran.clear()
        whole.result()
        assert computed(blocks, inductor.ran) == (list(range(LAYERS)) if engines_run else [])
        assert all(block.forward is not seated(block) for block in blocks)
    # and when the cache goes, they stay
    pipe.transformer.disable_cache()
    assert all(block.forward is seated(block) for block in blocks)
    restore(pipe.transformer)
    assert not any("forward" in block.__dict__ for block in blocks)
    # but below what came before there was a place for them, there is none
    other = loaded(name, config)
    other.transformer.enable_cache(_hooks())
    with pytest.raises(BackendError, match="something else stands in for its forward pass"):
        seated(next(repeated(other.transformer))[1])


def _hooks() -> Any:
    from diffusers import FirstBlockCacheConfig

    return FirstBlockCacheConfig(threshold=0.1)


def test_what_would_not_heed_a_step_cache_is_given_up_with_the_reason(config: Settings, engines: EngineCache) -> None:
    # given a denoiser that has no blocks
    unet = found(loaded("svd", config), "svd", config)
    assert not unet.blocks and unet.regions == [unet]
    (told,) = accelerate([replace(unet, skipping=True)], [Inductor(engines, CPU)], "float32").fallbacks
    assert "UNetSpatioTemporalConditionModel has no repeated blocks" in told.reason


def test_a_check_tells_of_both(config: Settings, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "device", lambda _: device)
    told = {one.what: one for one in check(manifest("ltx-taylor", config), config, parity=True) if one.ok}
    assert "of the layers' calls skipped" in told["cache"].told
    assert told["fast"].told.startswith("inductor, vae eager; at worst beside eager: ")
