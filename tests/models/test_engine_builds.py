"""Engines built by another process: nobody waits for it, no clip changes under way, and its end is a reason."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from gpu_consumers.acceleration.backends import Inductor
from gpu_consumers.acceleration.buckets import Buckets
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.acceleration.trt import TensorRT
from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.generation import engine_build, takeover
from gpu_consumers.generation.builder import ORDER, Builder, Order, Ordered, order
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Clip, Example, Urgency
from infra.errors import UnavailableError
from infra.settings import Settings
from schemas.values import Lane
from tests.models.pipelines_kit import Denoising, configured, ltx, save, write_manifest
from tests.models.test_scene_models import quiet, small

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles C++"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

NAME, CPU, PATIENCE_S = "tiny-ltx", torch.device("cpu"), 400
#: The lock that the building process takes before anything else: who holds it, holds the build.
LOCK = "device-cpu"


class Nearly(Denoising):
    """Denoisers alone, and as far off as they may be: so that clips tell who made them."""

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        made = super().prepare(module, example, shape_bucket)

        def off(*args: Any, **kwargs: Any) -> Any:
            found = made(*args, **kwargs)  # of a block: the norm behind it evens out what is the same for all channels
            return found * torch.linspace(0.9995, 1.0005, found.shape[-1])

        return off


def test_a_device_has_a_number_so_that_another_process_finds_it(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in (("current_device", 2), ("get_device_name", "NVIDIA H200"), ("is_available", True)):
        monkeypatch.setattr(torch.cuda, name, lambda *_, number=number: number)
    told = SimpleNamespace(uuid="0", total_memory=2**37)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)
    for name, number in (("auto", 2), ("cuda", 2), ("cuda:1", 1)):
        place = Device(config.model_copy(update={"device": name}), []).place
        assert place == torch.device("cuda", number) and torch.cuda._utils._get_device_index(place) == number


@pytest.mark.skipif(torch.version.cuda is None, reason="this torch is not for CUDA")
def test_what_an_engine_for_a_gpu_begins_with_compiles_where_no_cuda_is_installed(tmp_path: Path) -> None:
    # given the folders in which a building process looks for headers
    told = (
        "from gpu_consumers.generation.engine_build import _with_headers; _with_headers()\n"
        "from torch.utils.cpp_extension import include_paths; print(*include_paths('cuda'), sep='\\n')"
    )
    env = {name: value for name, value in os.environ.items() if name not in ("CUDA_HOME", "CUDA_PATH")}
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=env)
    # when
    source = tmp_path / "engine.cpp"
    source.write_text("#include <torch/csrc/inductor/aoti_include/cuda.h>\n")
    folders = [f"-I{folder}" for folder in found.stdout.splitlines()]
    compiled = subprocess.run(
        ["g++", "-std=c++20", "-fsyntax-only", "-DUSE_CUDA", *folders, source], capture_output=True, check=False
    )
    # then
    assert compiled.returncode == 0, compiled.stderr.decode()[-1000:]


def test_the_linker_finds_a_library_that_has_its_versions_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a driver's library, and nothing of the name that code is linked with
    source, driver = tmp_path / "it.c", tmp_path / "driver"
    source.write_text("int seven(void) { return 7; }")
    driver.mkdir()
    subprocess.run(["gcc", "-shared", "-o", driver / "libdriven.so.1", source], check=True)
    source.write_text("int seven(void); int main(void) { return seven(); }")
    link = ["gcc", "-o", str(tmp_path / "it"), str(source), "-ldriven"]
    assert subprocess.run(link, capture_output=True, check=False).returncode
    ctypes.CDLL(str(driver / "libdriven.so.1"))
    # when
    monkeypatch.setattr(ctypes, "CDLL", lambda name: name)
    monkeypatch.setenv("LIBRARY_PATH", "/elsewhere")
    engine_build._with_driver(tmp_path, "libdriven.so")
    # then
    assert subprocess.run(link, capture_output=True, check=False).returncode == 0
    assert os.environ["LIBRARY_PATH"] == f"/elsewhere:{tmp_path}"


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    torch.set_num_threads(1)
    write_manifest(NAME, save(NAME, tmp_path / "weights"), tmp_path / "models")
    return configured(tmp_path)


@pytest.fixture
def engines(tmp_path: Path) -> EngineCache:
    """Empty: here it is about what is not built yet."""
    return EngineCache(tmp_path / "engines", 2**30)


@pytest.fixture
def device(config: Settings, engines: EngineCache) -> Iterator[Device]:
    made = Device(config, [Nearly(engines, CPU)])
    yield made
    made.stop()


def clip(device: Device, config: Settings, seed: int, out: Path, lane: Lane = Lane.INTERACTIVE) -> Clip:
    """Of a whole shape, so that what is built for it would fit a clip that was begun before."""
    renderer = DiffusersRenderer(device, manifest(NAME, config), config, Urgency(lane=lane))
    return renderer.render(small(seed, 2000), out / f"{seed}.mp4", quiet)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_clips_are_made_while_engines_are_built_and_the_next_one_runs_on_them(
    config: Settings, engines: EngineCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the clips that are made eagerly, and a build that waits
    out, cache, number = tmp_path, engines, 4
    plain = [clip(Device(config, []), config, seed, out).path.read_bytes() for seed in range(number)]
    monkeypatch.setattr(takeover, "PREPARING", Lane.INTERACTIVE)  # so that it takes over in the middle of a clip
    device, steps = Device(config, [Nearly(cache, CPU)]), itertools.count(1)
    with cache.alone(LOCK):
        # when clips are asked for meanwhile
        made = [clip(device, config, seed, out) for seed in range(2)]
        until(lambda: device.engines.builder.started)
        made.append(clip(device, config, 2, out))
        assert not device.engines.begun(NAME).done.is_set()
        lock = threading.Event()

        def gate(*_: Any) -> None:
            if threading.current_thread().name.startswith("bulk") and next(steps) == 2:
                lock.set()
                until(lambda: len(device.turnstile._places) == 2)

        hook = device.pipe(NAME).transformer.register_forward_hook(gate)
        pool = ThreadPoolExecutor(1, "bulk")
        under_way = pool.submit(clip, device, config, 3, out, Lane.BULK)
        assert lock.wait(PATIENCE_S)
    # and one is at its second step when they take over
    made.append(under_way.result(PATIENCE_S))
    hook.remove()
    pool.shutdown()
    # then nobody waited, and all of them are what they were to be, to the bit
    assert [one.path.read_bytes() for one in made] == plain
    assert {one.details["work"].accelerator for one in made} == {"eager"}
    assert [told.reason for told in made[0].details["fallbacks"]] == ["they are being prepared"]
    assert made[3].details["work"].preemptions >= 1
    # and the next is made by what was built, once
    assert device.engines.prepared(NAME).label == "inductor, vae eager" and device.engines.builder.started == 1
    after = clip(device, config, 0, out)
    assert after.details["work"].accelerator == "inductor, vae eager" and after.path.read_bytes() != plain[0]
    device.stop()

    # and after a restart nothing is built: the model is fast when it is warm
    again = Device(config, [Nearly(cache, CPU)])
    again.warm(NAME)
    assert again.choice(NAME).label == "inductor, vae eager" and again.engines.builder.started == 0
    assert clip(again, config, 0, out).path.read_bytes() == after.path.read_bytes()
    # nor when it was dropped and comes back
    again.models.drop(NAME)
    assert isinstance(again.pipe(NAME).transformer.transformer_blocks[0].forward, Buckets)
    # and where its engines are gone then, a clip that was promised them is asked for anew
    promised = DiffusersRenderer(again, manifest(NAME, config), config)
    promised.fingerprint()
    again.models.drop(NAME)
    shutil.rmtree(cache.place[0])
    with cache.alone(LOCK):
        with pytest.raises(TransientBackendError, match="no longer runs on inductor"):
            promised.render(small(0, 2000), out / "0.mp4", quiet)
        assert clip(again, config, 0, out).path.read_bytes() == plain[0]
        again.stop()


def test_a_build_that_is_killed_is_a_fallback_with_its_reason(
    device: Device, config: Settings, engines: EngineCache, tmp_path: Path
) -> None:
    plain = clip(Device(config, []), config, 1, tmp_path).path.read_bytes()
    with engines.alone(LOCK):
        device.choice(NAME)
        until(lambda: device.engines.builder._child)
        assert device.engines.builder._child is not None
        os.kill(device.engines.builder._child.pid, signal.SIGKILL)
        choice = device.engines.prepared(NAME)
    assert choice.label == "eager" and choice.fallbacks[0].reason.startswith("the build was killed by SIGKILL")
    assert clip(device, config, 1, tmp_path).path.read_bytes() == plain
    assert device.turnstile._scheduler._memory._aside == 0


def test_what_lies_on_the_disk_must_be_what_the_worker_runs(device: Device, tmp_path: Path) -> None:
    device.pipe(NAME)
    ltx(head=16).save_pretrained(tmp_path / "weights" / NAME)
    (told, _) = device.engines.prepared(NAME).fallbacks
    assert "the module on the disk is not the one in use, by its graph" in told.reason


def test_a_build_ends_with_its_worker_when_it_is_told_to_and_when_it_takes_too_long(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / "engines", 2**30)
    order = Order(
        part="transformer", folder="/nowhere", dtype="float32", place="cpu", accelerator="inductor",
        cache=(str(tmp_path / "engines"), 2**30), keys=(),
    )  # fmt: skip
    wanted, heard = Ordered(order, (), 0), list[str]()
    with cache.alone(LOCK):
        slow = Builder(longest_s=0.1)
        with slow.alone(), pytest.raises(BackendError, match=r"the build was ended: it took longer than 0\.1 s"):
            slow.build(wanted, heard.append)
        assert heard[0] == "inductor, transformer: 0 of 0"

        polite = Builder()
        with polite.alone():
            polite.give_way("a clip needs the memory")
            with pytest.raises(BackendError, match="a clip needs the memory"):
                polite.build(wanted, quietly)

        stopped = Builder()
        with ThreadPoolExecutor(1) as pool, stopped.alone():
            building = pool.submit(stopped.build, wanted, quietly)
            until(lambda: stopped._child)
            stopped.stop()
            with pytest.raises(UnavailableError):
                building.result(PATIENCE_S)

        # and a worker that is killed takes it along
        (tmp_path / ORDER).write_text(json.dumps(vars(order)))
        worker = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        child = psutil.Process(int(worker.stdout.readline()))
        worker.kill()
        worker.wait(PATIENCE_S)
        worker.stdout.close()
        until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    # with the lock free, what is wrong with the order is the reason
    plain = Builder()
    with plain.alone(), pytest.raises(BackendError, match="its transformer cannot be loaded"):
        plain.build(wanted, quietly)


#: Starts a build and waits.
WORKER = """\
import sys, time
from pathlib import Path
from gpu_consumers.generation.builder import Builder
print(Builder()._start(Path(sys.argv[1])).pid, flush=True)
time.sleep(900)
"""


def quietly(_told: str) -> None:
    """Nobody listens."""


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_inductors_machine_code_computes_with_the_modules_own_weights(tmp_path: Path) -> None:
    # given
    module = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.GELU(), torch.nn.Linear(8, 8)).eval()
    inductor, example = Inductor(EngineCache(tmp_path, 2**30), CPU), Example((torch.randn(4, 8),), {})
    # when it is compiled without the headers that are made once for a machine and take longer than the rest
    quick = {"aot_inductor.precompile_headers": False, "cpp_cache_precompile_headers": False}
    with torch._inductor.config.patch(quick):
        inductor.build(module, example, "4x8")
    # then it computes the same, out of the cache, from arguments however they lie
    fast = Inductor(EngineCache(tmp_path, 2**30), CPU)
    run, given = fast.prepare(module, example, "4x8"), torch.randn(8, 4).T
    with torch.no_grad():
        assert torch.allclose(run(given), module(given), atol=1e-5)
        # and with new weights as soon as the module has them
        before = module(given)
        module.load_state_dict({name: value * 2 for name, value in module.state_dict().items()})
        assert torch.allclose(run(given), module(given), atol=1e-4) and not torch.allclose(run(given), before)
    # and an engine whose constants are not the module's is no engine of it
    with pytest.raises(BackendError, match="no engine of it is in the cache"):
        fast.prepare(torch.nn.Sequential(torch.nn.Linear(8, 8)).eval(), example, "4x8")


@pytest.mark.parametrize(("module", "copies"), [(torch.nn.Linear(8, 4), 1), (torch.nn.Conv1d(8, 4, 1), 2)])
def test_the_memory_that_a_build_needs_depends_on_where_the_weights_are(
    tmp_path: Path, module: torch.nn.Module, copies: int
) -> None:
    # given a layer of 36 numbers: inductor leaves all weights where they are, TensorRT takes those of convolutions over
    cache = EngineCache(tmp_path, 2**30)
    wanted = Wanted(module, "8", Example((torch.zeros(1, 8, 1),), {}), part="transformer")
    sizes = [order(kind(cache, CPU), [wanted], tmp_path, "float32", fp8=False).size for kind in (Inductor, TensorRT)]
    # then those are in memory twice
    assert sizes == [36 * 4, copies * 36 * 4]
