"""Clips that are made at once: only where that was measured to pay, each what it should be, and paid for by halves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpu_consumers.acceleration.backends import Eager
from gpu_consumers.errors import UnwantedError
from gpu_consumers.generation import company
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer, Item, Made
from gpu_consumers.ports import Accelerator, Example, Progress, SceneSpec
from infra.settings import Settings
from tests.models.pipelines_kit import configured, save, write_manifest
from tests.models.test_scene_models import TIMEOUT, quiet, small, until

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MODELS = ("tiny-ltx", "tiny-wan")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("company")
    torch.set_num_threads(1)
    for name in MODELS:
        write_manifest(name, save(name, folder / "weights"), folder / "models", batch=3)
    return configured(folder)


class Busy:
    """A device whose first clip holds it until `waiting` others have come."""

    def __init__(self, config: Settings, name: str, waiting: int, *accelerators: Accelerator) -> None:
        self.device, self.config, self.name = Device(config, accelerators), config, name
        self.begun, self.waiting = threading.Event(), waiting

    def believe(self, gain: float, spec: SceneSpec | None = None) -> None:
        """That several at once make so many times more a second."""
        work = DiffusersRenderer(self.device, manifest(self.name, self.config), self.config).work(spec or small())
        for clips in (1, 2, 3):
            self.device.learn_steps(work, clips, [1.0 if clips == 1 else clips / gain] * 30)

    def hold(self, _part: float, _picture: bytes | None) -> None:
        if not self.begun.is_set():
            self.begun.set()
            until(lambda: len(self.device.turnstile._places) == 1 + self.waiting)

    def made(self, spec: SceneSpec, progress: Progress = quiet) -> tuple[Made, tuple[float, float]]:
        """The frames of a clip, and what is paid for them."""
        renderer = DiffusersRenderer(self.device, manifest(self.name, self.config), self.config)
        item: Item = (spec, progress)
        return renderer._frames(item, renderer.work(spec)), renderer._spent()

    def together(self, *items: tuple[SceneSpec, Progress]) -> list[Any]:
        """What becomes of clips that wait at once; an error in place of one that failed."""
        with ThreadPoolExecutor(1 + len(items)) as pool:
            first = pool.submit(self.made, small(99), self.hold)
            assert self.begun.wait(TIMEOUT)
            jobs = [pool.submit(self.made, *item) for item in items]
            first.result(TIMEOUT)
            return [job.exception(TIMEOUT) or job.result() for job in jobs]


@pytest.mark.parametrize("name", MODELS)
def test_equal_work_that_waits_is_made_at_once_where_that_pays(name: str, config: Settings) -> None:
    # given what each clip is alone
    busy, told = Busy(config, name, 3), list[float]()
    alone = [busy.made(small(seed))[0] for seed in (1, 2)]
    shapes = list[int]()
    busy.device.pipe(name).vae.decoder.register_forward_hook(lambda _module, given, _made: shapes.append(len(given[0])))
    busy.believe(2.0)
    # when two of them wait, and one in another style of prompt
    other = replace(small(3), guidance=9.0)
    found = busy.together((small(1), lambda part, _: told.append(part)), (small(2), quiet), (other, quiet))
    # then the two are made at once, each of its own prompt and noise
    (one, paid), (two, also), (three, _) = found
    assert (one.work.batch, two.work.batch, three.work.batch) == (2, 2, 1) and max(shapes) == 2
    for made, before in zip((one, two), alone, strict=True):
        assert np.abs(made.pictures.astype(int) - before.pictures).max() <= 2
    assert np.abs(one.pictures.astype(int) - two.pictures).max() > 2
    # and each pays for half of it, and is told how far it is
    assert one.turn is two.turn and paid == also == (pytest.approx(one.turn.used_s / 2), 0.0)
    assert told[0] == 0.0 and len(told) >= 5


class Engine(Eager):
    """Computes as the module does, and notes how many clips' worth of it."""

    name = "engine"

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        own = super().prepare(module, example, shape_bucket)

        def run(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return own(*args, **kwargs)

        return run


def test_what_is_made_at_once_runs_eagerly_and_says_so(config: Settings) -> None:
    # given a model that runs on engines, each pass of which takes a clip with its prompt and without
    engine, name = Engine(), "tiny-ltx"
    busy = Busy(config, name, 2, engine)
    assert busy.device.engines.prepared(name).label == "engine"
    # when two clips are made at once that need no pass without the prompt: the same shapes
    one, two = (replace(small(seed), guidance=1.0) for seed in (1, 2))
    busy.believe(2.0, one)
    engine.calls = 0
    alone, _ = busy.made(small(99))
    whole = engine.calls
    both = busy.together((one, quiet), (two, quiet))  # behind that one clip again
    # then one clip runs on what its fingerprint names, those at once do not, and their events say so
    assert (alone.work.accelerator, alone.work.batch) == ("engine", 1)
    assert [(made.work.accelerator, made.work.batch) for made, _ in both] == [("eager", 2)] * 2
    assert whole > 0 and engine.calls == 2 * whole


def test_nothing_is_made_at_once_where_that_gains_too_little(config: Settings) -> None:
    busy = Busy(config, "tiny-ltx", 2)
    busy.believe(1.05)
    found = busy.together((small(1), quiet), (small(2), quiet))
    assert [made.work.batch for made, _ in found] == [1, 1]


def test_a_batch_goes_on_while_one_of_it_is_wanted(config: Settings) -> None:
    busy = Busy(config, "tiny-ltx", 2)
    busy.believe(2.0)

    def unwanted(part: float, _picture: bytes | None) -> None:
        if part > 0:
            raise UnwantedError("another is wanted")

    (one, _), (two, _) = busy.together((small(1), unwanted), (small(2), quiet))
    assert (one.work.batch, two.work.batch) == (2, 2)
    again = Busy(config, "tiny-ltx", 2)
    again.believe(2.0)
    errors = again.together((small(1), unwanted), (small(2), unwanted))
    assert [type(error) for error in errors] == [UnwantedError, UnwantedError]


def test_what_is_too_much_for_the_memory_at_once_is_made_one_by_one(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Busy(config, "tiny-ltx", 2)
    plain = [busy.made(small(seed))[0].pictures for seed in (1, 2)]
    busy.believe(2.0)
    own, tried = DiffusersRenderer._make, list[int]()

    def short(self: DiffusersRenderer, turn: Any, items: Any, work: Any) -> list[Made]:
        tried.append(len(items))
        if len(items) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return own(self, turn, items, work)

    monkeypatch.setattr(DiffusersRenderer, "_make", short)
    found = busy.together((small(1), quiet), (small(2), quiet))
    # then both are whole, and neither was made smaller
    assert tried == [1, 2, 2, 1, 1] and [made.work.batch for made, _ in found] == [1, 1]
    assert all(np.array_equal(made.pictures, before) for (made, _), before in zip(found, plain, strict=True))


def test_what_it_gains_is_measured_when_a_model_is_warmed_up(config: Settings) -> None:
    device, model = Device(config), manifest("tiny-wan", config)
    found = list(company.measured(device, model))
    assert [(one.bucket, one.clips) for one in found[:3]] == [(model.shapes[0].bucket, size) for size in (1, 2, 3)]
    # and the cost model has heard enough to be asked
    renderer = DiffusersRenderer(device, model, config)
    work = renderer.work(small())
    assert device.costs.known(work) == company.ENOUGH
    assert device.costs.gain(work, 2) == found[1].gain != 1.0
    # and a model that makes one at a time costs nothing
    assert list(company.measured(device, model.model_copy(update={"batch": 1}))) == []


@pytest.mark.parametrize(("most", "tried"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 4]), (6, [1, 2, 4, 6])])
def test_the_sizes_that_are_tried(most: int, tried: list[int]) -> None:
    assert company.sizes(most) == tried


def test_models_that_set_a_picture_in_motion_make_one_at_a_time(config: Settings, tmp_path: Path) -> None:
    told = manifest("tiny-wan", config).model_dump() | {"image": True}
    with pytest.raises(ValueError, match="make one clip at a time"):
        type(manifest("tiny-wan", config)).model_validate(told)
