"""Whether a worker may take scenes: told at its doors, and by the supervisor's probes."""

from __future__ import annotations

import httpx
import pytest

from gpu_consumers.doors import opened
from gpu_consumers.fitness import Fitness
from infra.errors import UnavailableError
from infra.settings import Settings
from infra.supervisor.plan import app_parts, wanted_ports


def test_a_worker_that_draws_on_the_cpu_is_fit_at_once() -> None:
    fitness = Fitness(Settings())
    assert (fitness.needed, fitness.ready) == (False, True)


@pytest.mark.parametrize("settings", [Settings(device="cuda:1"), Settings(warm_models=("ltx",))])
def test_one_with_a_device_or_models_is_fit_once_they_are_warm(settings: Settings) -> None:
    # given a device that fails once
    answers = iter([UnavailableError("it multiplies wrongly"), None])

    def warm(_config: Settings) -> None:
        if error := next(answers):
            raise error

    fitness = Fitness(settings, warm)
    assert (fitness.needed, fitness.ready, fitness.why) == (True, False, "it is warming up")
    # when, then
    assert not fitness.tried()
    assert fitness.why == "it multiplies wrongly"
    assert fitness.tried()
    assert fitness.ready
    fitness.lost("it fell off the bus")
    assert not fitness.ready


def test_without_torch_or_weights_a_model_cannot_be_warm_and_it_is_said() -> None:
    fitness = Fitness(Settings(warm_models=("nothing-of-that-name",), device="cpu"))
    assert not fitness.tried()
    assert fitness.why


def test_the_doors_tell_life_and_readiness_apart() -> None:
    fitness = Fitness(Settings(warm_models=("ltx",)), lambda _config: None)
    with opened("127.0.0.1", _free_port(), fitness) as address:
        # given a worker that lives, and is not warm
        assert httpx.get(f"{address}/healthz").json() == {"alive": True}
        early = httpx.get(f"{address}/readyz")
        assert (early.status_code, early.json()) == (503, {"ready": False, "why": "it is warming up"})
        # when
        fitness.tried()
        # then
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert "swipestream_scene_anomalies_total" in httpx.get(f"{address}/metrics").text
        assert httpx.get(f"{address}/other").status_code == 404


def test_no_port_no_door() -> None:
    with opened("127.0.0.1", 0, Fitness(Settings())) as address:
        assert address == ""


def test_supervised_workers_answer_at_ports_side_by_side() -> None:
    config = Settings(worker_port=9100, workers=2)
    workers = [part for part in app_parts(config, starter=False) if part.name.startswith("worker-")]
    assert [part.env["SWIPESTREAM_WORKER_PORT"] for part in workers] == ["9100", "9101"]
    assert [part.probe.target for part in workers if part.probe] == [
        "http://127.0.0.1:9100/readyz", "http://127.0.0.1:9101/readyz",
    ]  # fmt: skip
    assert {9100, 9101} <= {wanted.port for wanted in wanted_ports(config, ())}


def test_without_a_port_they_are_ready_when_they_have_lived_for_a_while() -> None:
    workers = [part for part in app_parts(Settings(workers=1), starter=False) if part.name == "worker-1"]
    assert workers[0].probe is None


def _free_port() -> int:
    import socket

    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])
