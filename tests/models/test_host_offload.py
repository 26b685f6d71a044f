"""Models that make way wait in the host's memory, and come back bit for bit, whatever was merged, hooked or built.

Device and host are both the CPU here, but every move is a true copy, and what was left behind is spoilt: whoever still
computed with it would be found out.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef

from gpu_consumers.acceleration.backends import Eager
from gpu_consumers.acceleration.buckets import Buckets
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.generation import residents, takeover
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.host import Host
from gpu_consumers.generation.manifest import GIB, Manifest, manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.generation.swaps import swap
from gpu_consumers.ports import Accelerator, Urgency
from infra.settings import Settings
from infra.telemetry import metrics
from schemas.values import Lane
from tests.models.pipelines_kit import Denoising, configured, save, write_manifest
from tests.models.test_post_networks import compact
from tests.models.test_scene_models import TIMEOUT, quiet, small, until
from tests.models.test_styles import random_lora

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:While injecting the PEFT adapters:RuntimeWarning"),  # of one block alone
]
CPU, INK = torch.device("cpu"), (("ink", 1.0),)
FIRST_BLOCK = {"kind": "first-block", "threshold": 0.1}


class Apart(Host):
    """Memory of its own, though both are the CPU's."""

    def __init__(self, most: int = GIB) -> None:
        self.most, self.copies = most, 0

    def budget(self, held: int) -> int:
        return self.most

    def moved(self, value: Any, place: Any) -> Any:
        self.copies += 1
        made = value.clone()
        if place == "cpu" and value.is_floating_point():
            value.untyped_storage().fill_(255)  # no number, in any format
        return made


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """`styled`, `cached` and `eighths` are what their names say, `plain` is none of it; `wan` is another model."""
    torch.set_num_threads(1)
    folder, models, file = (
        save("tiny-ltx", tmp_path / "weights", layers=4),
        tmp_path / "models",
        tmp_path / "ink.safetensors",
    )
    random_lora("tiny-ltx", file, 1)
    styles = {"styles": {"ink": {"file": str(file)}}}
    kinds: dict[str, dict[str, Any]] = {
        "plain": {}, "styled": styles, "cached": {"cache": FIRST_BLOCK, **styles},
        "eighths": {"dtypes": {"denoiser": "fp8"}, **styles},
    }  # fmt: skip
    for name, changes in kinds.items():
        write_manifest(name, folder, models, kind="tiny-ltx", **changes)
    write_manifest("wan", save("tiny-wan", tmp_path / "weights"), models, kind="tiny-wan")
    return configured(tmp_path)


def clip(device: Device, config: Settings, name: str, out: Path, lane: Lane = Lane.INTERACTIVE, mix: Any = ()) -> bytes:
    renderer = DiffusersRenderer(device, manifest(name, config), config, Urgency(lane=lane))
    return renderer.render(replace(small(), styles=mix), out / "clip.mp4", quiet).path.read_bytes()


def weights_gone(root: Path) -> None:
    """Nobody can read them from the disk any more."""
    for file in (root / "weights").rglob("*.safetensors"):
        file.unlink()


def came_from(source: str) -> float:
    return metrics.MODEL_LOADS.labels(source=source)._value.get()


@pytest.mark.parametrize("name", ["styled", "cached", "eighths"])
def test_a_model_comes_back_bit_for_bit_and_reads_no_file(name: str, config: Settings, tmp_path: Path) -> None:
    # given what it makes, with a style and without
    host = Apart()
    device = Device(config, [], host)
    plain, styled = (clip(device, config, name, tmp_path, mix=mix) for mix in ((), INK))
    model, before, there = device.models.of(name), came_from("host"), lying(device, name)
    # when it makes way with the style merged into its weights, and there is nothing left to read
    device.models.drop(name)
    assert device.models.near(name) and device.models.names == () and device.models.find(name) is model
    assert there and all(one.expired() for one in there)
    assert metrics.HOST_CACHE._value.get() == model.size > 0
    weights_gone(tmp_path)
    # then it comes back as it was, mix and all, and without the style it is what it was before that
    copied = host.copies
    assert clip(device, config, name, tmp_path, mix=INK) == styled
    assert device.models.of(name) is model and host.copies > copied and not device.models.near(name)
    assert clip(device, config, name, tmp_path) == plain != styled
    assert came_from("host") == before + 1 and metrics.HOST_CACHE._value.get() == 0
    # and the cost model tells one way from the other
    assert len(device.costs._loads[name, True]) == len(device.costs._loads[name, False]) == 1


def test_the_model_that_is_next_is_not_let_go_for_the_one_that_makes_way(config: Settings, tmp_path: Path) -> None:
    # given a host with room for one of two, and one of them in it
    device = Device(config, [], Apart(0))
    sizes = [device.models.of(name).size for name in ("plain", "wan")]
    device.models._host.most = max(sizes)  # type: ignore[attr-defined]
    device.models.drop("plain")
    weights_gone(tmp_path)
    # when they change places
    device._swap(("wan",), "plain")
    # then it came from there
    assert device.models.names == ("plain",) and not device.models.near("wan")


def test_a_model_whose_return_fails_has_no_engines_and_all_of_them_when_it_is_there(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a model that ran on engines with memory of their own on the device, and made way
    class Staying(Eager):
        name, travels = "staying", False

    device = Device(config, [Staying()], Apart())
    assert device.engines.prepared("plain").label == "staying"
    pipe = device.pipe("plain")
    before = with_engines(pipe)
    device.models.drop("plain")
    assert before and not with_engines(pipe)
    # when memory runs out after the first of them has come back
    calls, accelerate = iter([True, False]), takeover.accelerate

    def fails(*given: Any) -> Any:
        if not next(calls, True):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return accelerate(*given)

    monkeypatch.setattr(takeover, "accelerate", fails)
    with pytest.raises(torch.OutOfMemoryError):
        device.pipe("plain")
    # then it waits in the host's memory without any, and comes back with all
    assert device.models.near("plain") and not with_engines(pipe)
    assert with_engines(device.pipe("plain")) == before


def with_engines(pipe: Any) -> set[Any]:
    return set(takeover._with_engines(pipe))


def test_the_least_recently_used_is_let_go_for_good_and_then_read_again(config: Settings, tmp_path: Path) -> None:
    device = Device(config, [], Apart(0))
    sizes = {name: device.models.of(name).size for name in ("plain", "styled", "wan")}
    # given a host with room for two of three
    device.models._host.most = sizes["styled"] + sizes["wan"]  # type: ignore[attr-defined]
    for name in sizes:
        device.models.drop(name)
    assert [device.models.near(name) for name in sizes] == [False, True, True]
    before = came_from("disk")
    assert clip(device, config, "plain", tmp_path) and came_from("disk") == before + 1
    # and one with room for none
    none = Device(config, [], Apart(0))
    none.pipe("plain")
    none.models.drop("plain")
    assert none.models.find("plain") is None


def test_a_model_that_was_read_ahead_for_a_swap_that_was_undone_is_let_go(config: Settings, tmp_path: Path) -> None:
    # given a host without room, and a model that is to stand in for another
    device = Device(config, [], Apart(0))
    device.pipe("plain")
    swap(config, "plain", "wan")
    assert device.models.serving("wan", "plain") == "plain"
    until(lambda: device.models.near("wan"))
    # when the other one goes on, it stays for as long as the swap stands
    for other, stays in (("wan", True), (None, False)):
        swap(config, "plain", other)
        clip(device, config, "plain", tmp_path)
        assert device.models.near("wan") == stays
    # and is read again for the next
    swap(config, "plain", "wan")
    assert device.models.serving("wan", "plain") == "plain"
    until(lambda: device.models.near("wan"))
    assert device.models.serving("wan", "plain") == "wan"


def test_a_model_is_read_once_however_often_the_swap_is_undone_and_made_meanwhile(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, go_on, begun = Device(config, []), threading.Event(), list[str]()
    device.pipe("plain")
    resident = residents.Resident

    def slowly(wanted: Manifest, settings: Settings) -> Any:
        begun.append(wanted.name)
        assert go_on.wait(60)
        return resident(wanted, settings)

    monkeypatch.setattr(residents, "Resident", slowly)
    # given a swap that is undone while its model is being read
    for other in ("wan", None, "wan"):
        swap(config, "plain", other)
        if other:
            assert device.models.serving("wan", "plain") == "plain"
        else:
            with device.models.using("plain"):
                pass
    # when it has been read
    go_on.set()
    # then it stands in, and was read once
    until(lambda: device.models.serving("wan", "plain") == "wan")
    assert begun == ["wan"]


def test_a_model_that_could_not_be_read_ahead_is_tried_again_after_a_while(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a model that is to stand in for another, whose weights are not there
    device, weights = Device(config, []), tmp_path / "weights" / "tiny-wan"
    device.pipe("plain")
    swap(config, "plain", "wan")
    weights.rename(tmp_path / "elsewhere")
    assert device.models.serving("wan", "plain") == "plain"
    until(lambda: device.models._failed)
    # when they are
    (tmp_path / "elsewhere").rename(weights)
    assert device.models.serving("wan", "plain") == "plain" and not device.models._awaited
    monkeypatch.setattr(residents, "RETRY_S", 0.0)
    assert device.models.serving("wan", "plain") == "plain"
    # then
    until(lambda: device.models.serving("wan", "plain") == "wan")


def test_on_a_cpu_nothing_is_kept_and_nothing_copied(config: Settings) -> None:
    device = Device(config, [])
    lay = {id(one): one.data_ptr() for one in device.pipe("plain").transformer.parameters()}
    with device.models.using("plain"):
        device.models.drop("plain")
        # who waits in the middle of a clip finds the model again, where it was
        assert {id(one): one.data_ptr() for one in device.pipe("plain").transformer.parameters()} == lay
    device.models.drop("plain")
    assert device.models.find("plain") is None


@pytest.mark.parametrize("name", ["styled", "cached"])
def test_a_clip_whose_model_makes_way_in_the_middle_goes_on_to_the_same_bits(
    name: str, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a device with room for one model, and a host with room for none but those that somebody waits in
    monkeypatch.setattr(Device, "_memory", lambda _self: int(0.28 * GIB))
    device, read = Device(config, [], Apart(0)), came_from("disk")
    (tmp_path / "other").mkdir()
    for other in (name, "wan"):
        for _ in range(40):
            device.costs.learn_load(other, 1e-6)
    alone = clip(device, config, name, tmp_path, mix=INK)
    model, steps, reached = device.models.of(name), [0], threading.Event()

    def gate(*_: Any) -> None:
        if threading.current_thread().name.startswith("slow"):
            steps[0] += 1
            if steps[0] == 2:
                reached.set()
                until(lambda: len(device.turnstile._places) == 2)

    hook = model.pipe.transformer.register_forward_hook(gate)
    # when an urgent clip of another model comes at its second step
    with ThreadPoolExecutor(1, "slow") as slow:
        bulk = slow.submit(clip, device, config, name, tmp_path, Lane.BULK, INK)
        assert reached.wait(TIMEOUT)
        clip(device, config, "wan", tmp_path / "other")
        # then it goes on with the very model that it began with, and nothing was read twice
        assert bulk.result(TIMEOUT) == alone
    hook.remove()
    assert device.models.of(name) is model and device.models.names == (name,)
    assert came_from("disk") == read + 2


def test_after_the_memory_ran_out_the_others_are_brought_back_and_not_read(config: Settings, tmp_path: Path) -> None:
    device, tries = Device(config, [], Apart()), [0]
    plain = clip(device, config, "wan", tmp_path)

    def short(*_: Any) -> None:
        tries[0] += 1
        if tries[0] == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    device.pipe("plain").transformer.register_forward_pre_hook(short)
    clip(device, config, "plain", tmp_path)
    # the scheduler knows that it has gone, and where it is
    assert device.models.near("wan") and device.turnstile._scheduler._memory.resident == ("plain",)
    weights_gone(tmp_path)
    assert clip(device, config, "wan", tmp_path) == plain


def test_networks_go_along(config: Settings, tmp_path: Path) -> None:
    file = compact(tmp_path, weights=1.0)
    write_manifest(
        "large", tmp_path / "weights" / "tiny-ltx", tmp_path / "models", kind="tiny-ltx", post={"upscaler": str(file)}
    )
    device, picture = Device(config, [], Apart()), np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
    upscaler = device.networks("large").upscaler
    assert upscaler is not None
    before, held = upscaler.grow(picture), device.models.of("large").size
    assert held > sum(one.nbytes for one in upscaler.module.parameters()) > 0
    device.models.drop("large")
    device.pipe("large")
    assert device.networks("large").upscaler is upscaler and np.array_equal(upscaler.grow(picture), before)


class Counting(EngineCache):
    """Notes how often an engine's bytes are read."""

    read = 0

    def get(self, facts: Mapping[str, str]) -> bytes | None:
        self.read += 1
        return super().get(facts)


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles C++")
def test_engines_go_along_where_they_compute_with_the_models_own_weights(
    config: Settings, tmp_path: Path, engines: EngineCache
) -> None:
    cache = Counting(*engines.place)
    device, other = (prepared(config, Denoising(cache, CPU)) for _ in range(2))
    plain, styled = (clip(device, config, "styled", tmp_path, mix=mix) for mix in ((), INK))
    assert plain != clip(Device(config, []), config, "styled", tmp_path)  # the engines' last bits are others
    forward, read = block(device).forward, cache.read
    there = lying(device, "styled")
    device.models.drop("styled")
    weights_gone(tmp_path)
    assert all(one.expired() for one in there)  # none of them holds on to the device's memory
    # then the very engines go on, with the weights where they are now, and nothing is read or proven again
    assert clip(device, config, "styled", tmp_path, mix=INK) == styled
    assert block(device).forward is forward and cache.read == read
    assert clip(device, config, "styled", tmp_path) == plain
    # and those that take more of the device than the model's own weights are let go, and come back from the cache
    assert clip(other, config, "styled", tmp_path) == plain
    module, read = block(other), cache.read
    module.forward.travels = False
    other.models.drop("styled")
    assert "forward" not in module.__dict__
    assert clip(other, config, "styled", tmp_path) == plain
    assert isinstance(module.forward, Buckets) and cache.read == read + 4


def block(device: Device) -> Any:
    """The first of the denoiser, which an engine stands in for."""
    return device.pipe("styled").transformer.transformer_blocks[0]


def lying(device: Device, name: str) -> list[StorageWeakRef]:
    """The memory of its denoiser on the device."""
    module = device.pipe(name).transformer
    return [StorageWeakRef(one.untyped_storage()) for one in (*module.parameters(), *module.buffers())]


def prepared(config: Settings, accelerator: Accelerator) -> Device:
    made = Device(config, [accelerator], Apart())
    assert made.engines.prepared("styled").label == "inductor, vae eager"
    return made
