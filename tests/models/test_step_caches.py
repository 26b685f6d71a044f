"""Step caches on real denoisers: passes are skipped, and a clip that gave way skips the very same ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_consumers import backends
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.comparing import with_and_without
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Clip, Urgency
from infra import flavors
from infra.settings import Settings
from schemas.values import Lane
from tests.models.pipelines_kit import configured, save, write_flavor, write_manifest
from tests.models.test_scene_models import TIMEOUT, quiet, small, until

#: At this threshold what is skipped depends on the clip: with these weights some passes and not all.
FIRST_BLOCK = {"kind": "first-block", "threshold": 0.1}
TAYLOR = {"kind": "taylor", "interval": 2, "warmup": 2, "order": 1}
STEPS, LAYERS = 8, 4
CACHED = [f"{model}-{cache}" for model in ("ltx", "wan") for cache in ("first-block", "taylor")]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("caches")
    torch.set_num_threads(1)
    for model in ("ltx", "wan"):
        folder = save(f"tiny-{model}", root / "weights", layers=LAYERS)
        for name, cache in ((model, None), (f"{model}-first-block", FIRST_BLOCK), (f"{model}-taylor", TAYLOR)):
            changes = {"cache": cache} if cache else {}
            write_manifest(name, folder, root / "models", kind=f"tiny-{model}", steps=STEPS, **changes)
            write_flavor(name, root / "flavors")
    write_manifest("shallow", save("tiny-ltx", root / "shallow"), root / "models", kind="tiny-ltx", cache=FIRST_BLOCK)
    write_manifest("svd", save("tiny-svd", root / "weights"), root / "models", kind="tiny-svd", cache=TAYLOR)
    return configured(root)


@pytest.fixture(autouse=True)
def _settings(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavors, "settings", lambda: config)


def made(name: str, config: Settings, out: Path, seed: int = 1, lane: Lane = Lane.INTERACTIVE) -> Clip:
    return backends.renderer(name, config, Urgency(lane=lane)).render(small(seed), out, quiet)


@contextmanager
def computed(name: str, config: Settings) -> Iterator[list[int]]:
    """The numbers of the blocks whose attention was computed, in order."""
    blocks = backends.device(config).pipe(name).transformer
    found = getattr(blocks, "transformer_blocks", None) or blocks.blocks
    calls: list[int] = []
    hooks = [
        one.attn1.register_forward_pre_hook(lambda *_, number=number: calls.append(number))
        for number, one in enumerate(found)
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("name", CACHED)
def test_passes_that_are_much_alike_skip_blocks_and_the_clip_says_so(
    name: str, config: Settings, tmp_path: Path
) -> None:
    model = name.partition("-")[0]
    with computed(model, config) as all_of_them:
        plain = made(model, config, tmp_path / "plain.mp4")
    with computed(name, config) as some:
        cached = made(name, config, tmp_path / "cached.mp4")
    assert 0 < len(some) < len(all_of_them)
    # whole passes, or the first block alone
    assert some.count(0) == (len(all_of_them) // LAYERS if "first-block" in name else some.count(1))
    assert some.count(1) == some.count(LAYERS - 1) < all_of_them.count(1)
    assert plain.path.read_bytes() != cached.path.read_bytes()
    label = manifest(name, config).cache
    assert label is not None and (plain.details["work"].cache, cached.details["work"].cache) == ("", label.label)


@pytest.mark.parametrize("name", CACHED)
def test_a_cached_clip_that_gave_way_is_bit_for_bit_what_it_would_have_been(
    name: str, config: Settings, tmp_path: Path
) -> None:
    # given clips made undisturbed, and what of each was computed
    device, alone, counts = backends.device(config), [], []
    for seed in (1, 2):
        with computed(name, config) as calls:
            alone.append(made(name, config, tmp_path / f"{seed}.mp4", seed).path.read_bytes())
        counts.append(len(calls))
    # when the first gives way after its third pass and its sixth: in Wan's case between the two passes of a step
    passes, begun, finished = {"bulk": 0}, threading.Event(), threading.Event()

    def gate(*_: Any) -> None:
        if threading.current_thread().name != f"bulk-{name}_0":
            return
        passes["bulk"] += 1
        begun.set()
        if passes["bulk"] % 3 == 0:
            until(lambda: len(device.turnstile._places) == 2 or finished.is_set())

    hook = device.pipe(name).transformer.register_forward_hook(gate)
    try:
        with (
            ThreadPoolExecutor(1, f"bulk-{name}") as slow,
            ThreadPoolExecutor(1) as fast,
            computed(name, config) as calls,
        ):
            bulk = slow.submit(made, name, config, tmp_path / "bulk.mp4", 1, Lane.BULK)
            assert begun.wait(TIMEOUT)
            urgent = [fast.submit(made, name, config, tmp_path / f"{n}.mp4", 2) for n in range(3)]
            clips = [one.result(TIMEOUT) for one in urgent]
            finished.set()
            first = bulk.result(TIMEOUT)
    finally:
        hook.remove()
    # then all are what they were, and skipped what they skipped
    assert first.details["work"].preemptions >= 2
    assert first.path.read_bytes() == alone[0]
    assert {clip.path.read_bytes() for clip in clips} == {alone[1]}
    assert len(calls) == counts[0] + 3 * counts[1]


@pytest.mark.parametrize("name", ["ltx-first-block", "wan-taylor"])
def test_a_cache_makes_another_artefact_and_another_estimate(name: str, config: Settings, tmp_path: Path) -> None:
    model = name.partition("-")[0]
    plain, cached = (DiffusersRenderer(backends.device(config), manifest(one, config), config) for one in (model, name))
    assert plain.fingerprint() != cached.fingerprint()
    other = manifest(model, config).model_copy(update={"cache": manifest(name, config).cache, "name": model})
    assert DiffusersRenderer(backends.device(config), other, config).fingerprint() != plain.fingerprint()
    asked = cached._request(small(), cached.work(small()))
    bare = plain._request(small(), plain.work(small()))
    assert asked.held - bare.held == asked.peak - bare.peak == manifest(name, config).cached(asked.work) > 0


def test_nothing_of_a_clip_is_kept_when_it_is_done(config: Settings, tmp_path: Path) -> None:
    made("ltx-first-block", config, tmp_path / "a.mp4")
    memory = backends.device(config).models.of("ltx-first-block").cache.take()
    assert memory and all(states == {} for states, _ in memory)
    assert backends.device(config).models.of("ltx").cache.take() == []


def test_a_cache_that_a_model_cannot_have_is_refused_with_the_reason(config: Settings) -> None:
    with pytest.raises(BackendError, match=r"shallow: the step cache first-block .* cannot be used"):
        Device(config).pipe("shallow")
    with pytest.raises(BackendError, match="UNetSpatioTemporalConditionModel takes no step cache"):
        Device(config).pipe("svd")


@pytest.mark.parametrize("name", ["ltx-first-block", "wan-taylor"])
def test_what_it_saves_and_changes_is_measured(name: str, config: Settings) -> None:
    found = with_and_without(manifest(name, config), config, torch.device("cpu"))
    assert 20 < found.parity.psnr_db < 90 and 0.1 < found.skipped < 0.8
    (told,) = (one for one in check(manifest(name, config), config, parity=True) if one.what == "cache")
    assert told.ok and "PSNR" in told.told and "of the layers' calls skipped" in told.told
    (named,) = (one for one in check(manifest(name, config), config) if one.what == "cache")
    assert named.ok is None and f"models check {name} --parity" in named.told


def test_one_that_never_skips_or_cannot_be_used_is_no_good(config: Settings) -> None:
    never = manifest("ltx-first-block", config)
    never = never.model_copy(update={"cache": never.cache.model_copy(update={"threshold": 1e-9})})  # type: ignore[union-attr]
    (found,) = (one for one in check(never, config, parity=True) if one.what == "cache")
    assert found.ok is False and "skips nothing" in found.hint
    (found,) = (one for one in check(manifest("shallow", config), config, parity=True) if one.what == "cache")
    assert found.ok is False and "model.yaml" in found.hint
