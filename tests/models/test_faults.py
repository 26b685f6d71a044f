"""Devices that have too little memory, or that compute wrongly: faults put into the real pipeline, device and stage."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from prometheus_client import REGISTRY

from gpu_consumers import backends
from gpu_consumers.errors import TransientBackendError
from gpu_consumers.generation import faults, selftest
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.faults import DeviceMemoryError, SickError
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.generation.resident import Resident
from gpu_consumers.stages import scene
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.envelope import Envelope, root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin
from schemas.videos import SceneRendered
from tests.models.pipelines_kit import configured, save, write_flavor, write_manifest
from tests.unit.picture_kit import spec

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
CPU = torch.device("cpu")
LARGE = {"shapes": [{"width": 64, "height": 128, "frames": 25}]}
VIDEO = ids.video_id("faults")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    write_manifest("tiny-ltx", save("tiny-ltx", folder / "weights"), folder / "models", **LARGE)
    write_manifest("tiny-wan", save("tiny-wan", folder / "weights"), folder / "models")
    for name in ("tiny-ltx", "tiny-wan"):
        write_flavor(name, folder / "flavors")
    return configured(folder)


@pytest.fixture
def device(config: Settings) -> Device:
    return Device(config)


class Silent:
    """A producer that nobody listens to."""

    def send(self, *_: object) -> None: ...

    def publish_all(self, *_: object) -> None: ...


@contextmanager
def memory_for(device: Device, name: str, part: float) -> Iterator[list[int]]:
    """A denoiser with memory for that part of the first clip; yields how many tokens it was asked for each time."""
    asked: list[int] = []

    def check(_module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        asked.append(int(kwargs["hidden_states"].shape[1]))
        if asked[-1] > part * asked[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    handle = device.pipe(name).transformer.register_forward_pre_hook(check, with_kwargs=True)
    try:
        yield asked
    finally:
        handle.remove()


def rendered(device: Device, config: Settings, out: Path) -> Any:
    renderer = DiffusersRenderer(device, manifest("tiny-ltx", config), config)
    return renderer.render(spec(duration_ms=1000, draft=6, seed=7), out, lambda _part, _picture: None)


def counted(what: str) -> float:
    """What alerts are made of."""
    return REGISTRY.get_sample_value(f"swipestream_device_{what}_total") or 0.0


@pytest.mark.parametrize("enough", [True, False])
def test_a_model_that_finds_no_room_comes_once_the_others_have_left(
    device: Device, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: bool
) -> None:
    # given a device that is full with one model; without it there is room enough, or there is not
    device.pipe("tiny-wan")
    arrive = Resident.arrive

    def full(self: Resident, *where: Any) -> None:
        if device.models.names or not enough:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        arrive(self, *where)

    monkeypatch.setattr(Resident, "arrive", full)
    # when a clip of another asks for it
    if enough:
        assert rendered(device, config, tmp_path / "clip.mp4").frames
    else:
        with pytest.raises(DeviceMemoryError, match="out of memory for tiny-ltx"):
            rendered(device, config, tmp_path / "clip.mp4")
    # then
    assert device.models.names == (("tiny-ltx",) if enough else ())


def test_each_clip_that_a_device_has_not_the_memory_for_is_counted_once(
    device: Device, config: Settings, tmp_path: Path
) -> None:
    before = counted("out_of_memory")
    # given a clip that does not fit, and then does when it is smaller: tried three times, it was too large once
    with memory_for(device, "tiny-ltx", 0.6) as asked:
        rendered(device, config, tmp_path / "clip.mp4")
    assert asked[0] == asked[1] > asked[2] and counted("out_of_memory") == before + 1
    # and one that does not fit at either size: twice
    with memory_for(device, "tiny-ltx", 0.1), pytest.raises(DeviceMemoryError):
        rendered(device, config, tmp_path / "clip.mp4")
    assert counted("out_of_memory") == before + 3
    # one that fits is not counted
    rendered(device, config, tmp_path / "clip.mp4")
    assert counted("out_of_memory") == before + 3


def test_without_the_memory_the_others_go_first_and_then_half_of_the_pixels(
    device: Device, config: Settings, tmp_path: Path
) -> None:
    # given a device on which another model lies, and memory for half of a clip
    device.pipe("tiny-wan")
    with memory_for(device, "tiny-ltx", 0.6) as asked:
        # when
        clip = rendered(device, config, tmp_path / "clip.mp4")
    # then it was tried whole, whole without the other model, and smaller
    assert asked[0] == asked[1]
    assert {8 * tokens for tokens in asked[2:]} == {3 * asked[0]}
    assert "tiny-wan" not in device.models.names
    (told,) = clip.details["fallbacks"]
    assert "out of memory" in told.reason
    assert (clip.details["work"].width, clip.details["work"].height, clip.details["squeezed"]) == (32, 96, True)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("CUDA error: out of memory", 0),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", 0),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", 0),
        ("run_func_( container_handle_ ) API call failed at model_container_runner.cpp, line 152", 1),
    ],
)
def test_memory_that_runs_out_in_a_library_or_in_compiled_code_is_no_error_of_the_model(
    device: Device, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, refused: int
) -> None:
    # given another model, and a denoiser for which memory runs out beside it, as those tell it who are not torch
    device.pipe("tiny-wan")
    refusals = [0]
    monkeypatch.setattr(faults, "refusals", lambda _place: refusals[0])

    def full(*_: Any) -> None:
        if "tiny-wan" in device.models.names:
            refusals[0] += refused
            raise RuntimeError(said)

    handle = device.pipe("tiny-ltx").transformer.register_forward_pre_hook(full)
    # when
    clip = rendered(device, config, tmp_path / "clip.mp4")
    handle.remove()
    # then the other made way, and it is as large as ever
    assert clip.details["fallbacks"] == () and device.models.names == ("tiny-ltx",)


def test_where_even_that_is_too_much_the_task_goes_back_for_others(
    device: Device, config: Settings, tmp_path: Path
) -> None:
    with memory_for(device, "tiny-ltx", 0.1), pytest.raises(DeviceMemoryError) as caught:
        rendered(device, config, tmp_path / "clip.mp4")
    assert isinstance(caught.value, TransientBackendError)
    # and the device goes on with what fits
    assert rendered(device, config, tmp_path / "clip.mp4").details["fallbacks"] == ()


def test_a_scene_made_small_for_want_of_memory_is_made_whole_the_next_time(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(flavors, "settings", lambda: config)
    shop = Workshop(
        settings=config, blobs=LocalBlobStore(tmp_path / "media"), index=LocalArtifactIndex(tmp_path / "index"),
        producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip

    def made() -> SceneRendered:
        (found,) = [one.data for one in scene.work(shop, asked()) if isinstance(one.data, SceneRendered)]
        return found

    # when
    with memory_for(backends.device(config), "tiny-ltx", 0.6):
        small = made()
    whole, again = made(), made()
    # then
    assert small.work is not None
    assert whole.work is not None
    assert (small.work.width, whole.work.width) == (32, 64)
    assert (small.reused, whole.reused, again.reused) == (False, False, True)
    assert "out of memory" in small.fallbacks[0].reason


def asked() -> Envelope[RenderScene]:
    wanted = Scene(scene_number=1, beat="turn", narration="A cat purrs.", visuals="a cat", duration_s=2)
    task = RenderScene(
        video_id=VIDEO, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="tiny-ltx", after_us=1, scene=wanted,
        scene_id=ids.scene_id(VIDEO, 1, 1), scene_count=2, title="Cats", language="en", seed=5,
    )  # fmt: skip
    return root(task, source="/test")


def wrong(right: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A device on which one product of a quarter of a million is off by one; the CPU stays right."""
    calls: list[int] = []

    def product(place: Any) -> Any:
        found = right(place)
        calls.append(0)
        if len(calls) % 2:
            found[3, 5] += 1
        return found

    return product


def full(_place: Any) -> Any:
    raise RuntimeError("CUDA error: out of memory")


def test_a_device_that_computes_and_remembers_passes() -> None:
    assert selftest.failing(CPU) is None


def test_one_wrong_number_one_lost_word_or_silence_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "product", wrong(selftest.product))
        assert selftest.failing(CPU) == "it multiplies wrongly"
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "remembers", lambda _place: False)
        assert "memory" in (selftest.failing(CPU) or "")
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "product", lambda _place: torch.zeros(3).to("cuda:99"))
        assert selftest.failing(CPU) is not None
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "product", full)
        assert selftest.failing(CPU) is None  # a device that is full is well
    done = threading.Event()
    monkeypatch.setattr(selftest, "product", lambda _place: done.wait(30))
    assert selftest.failing(CPU, patience_s=0.05) == "it has not answered for 0.05 s"
    done.set()


def test_an_error_of_a_device_that_fails_its_self_test_is_the_devices(
    device: Device, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a denoiser that fails as a broken GPU does
    told: list[str] = []
    device.when_sick.append(told.append)
    before = counted("self_tests_failed")

    def broken(*_: Any) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    handle = device.pipe("tiny-ltx").transformer.register_forward_pre_hook(broken)
    # when the device is well, then the error is that of the model
    with pytest.raises(RuntimeError, match="illegal memory access"):
        rendered(device, config, tmp_path / "clip.mp4")
    assert told == [] and counted("self_tests_failed") == before
    # when it is not, the task stays undone, whoever listens is told, and it counts
    monkeypatch.setattr(selftest, "product", wrong(selftest.product))
    with pytest.raises(SickError, match="multiplies wrongly"):
        rendered(device, config, tmp_path / "clip.mp4")
    handle.remove()
    assert len(told) == 1 and counted("self_tests_failed") == before + 1


def test_a_device_is_tested_before_it_is_used(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_devices", {})
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "product", wrong(selftest.product))
        with pytest.raises(SickError):
            backends.device(config)
    assert backends.device(config).name == "cpu"


def test_a_warm_model_is_loaded_and_has_made_a_step(device: Device) -> None:
    with memory_for(device, "tiny-ltx", 1.0) as passes:
        device.warm("tiny-ltx")
    assert len(passes) == 1
