from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import Settings
from infra.supervisor import plan
from infra.supervisor.part import Part, levels, stop_order


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stores the tests of others use."""
    for name in ("SWIPESTREAM_KAFKA", "SWIPESTREAM_CASSANDRA"):
        monkeypatch.delenv(name, raising=False)


def _settings(**how: object) -> Settings:
    return Settings(_env_file=None, **how)  # type: ignore[arg-type]


def _by_name(parts: list[Part]) -> dict[str, Part]:
    return {part.name: part for part in parts}


def test_every_part_in_an_order_that_works(tmp_path: Path) -> None:
    config = _settings(data_dir=tmp_path, workers=2)
    parts = [*plan.jar_parts(config), *plan.app_parts(config, starter=True)]

    started = [sorted(part.name for part in level) for level in levels(parts)]

    assert started == [
        ["cassandra", "kafka-setup"],
        ["kafka", "tables"],
        ["topics"],
        ["api", "processors", "projector", "worker-1", "worker-2"],
        ["starter"],
    ]
    stopped = [sorted(part.name for part in level) for level, _ in stop_order(parts, 8)]
    assert stopped[-1] == ["cassandra", "kafka"]


def test_stores_that_run_elsewhere_are_neither_started_nor_waited_for(tmp_path: Path) -> None:
    config = _settings(data_dir=tmp_path, kafka="broker:9092", cassandra="node:9042", workers=1)

    assert plan.own(config) == ()
    assert plan.jar_parts(config) == plan.docker_parts(config) == []
    parts = _by_name(plan.app_parts(config, starter=False))
    assert parts["topics"].depends_on == parts["tables"].depends_on == ()
    assert "starter" not in parts
    assert [wanted.port for wanted in plan.wanted_ports(config, plan.own(config))] == [8000, 8001]


def test_one_store_elsewhere(tmp_path: Path) -> None:
    config = _settings(data_dir=tmp_path, kafka="broker:9092", workers=1)

    assert [part.name for part in plan.jar_parts(config)] == ["cassandra"]
    assert [wanted.port for wanted in plan.wanted_ports(config, ("cassandra",))] == [9042, 9043, 8000, 8001]


def test_each_worker_knows_its_name(tmp_path: Path) -> None:
    parts = _by_name(plan.app_parts(_settings(data_dir=tmp_path, workers=2), starter=False))

    assert parts["worker-2"].env == {"SWIPESTREAM_WORKER_NAME": "worker-2"}
    assert parts["worker-2"].command[1:] == ("-m", "gpu_consumers")


def test_docker_runs_the_stores_at_the_ports_of_the_settings(tmp_path: Path) -> None:
    parts = _by_name(plan.docker_parts(_settings(data_dir=tmp_path, kafka_port=1234)))

    assert parts["kafka"].command[-1] == "kafka"
    assert parts["kafka"].address == "127.0.0.1:1234"
    assert parts["kafka"].env["SWIPESTREAM_KAFKA_PORT"] == "1234"


def test_as_many_workers_as_cores_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)

    assert plan.worker_count(_settings()) == 3
    assert plan.worker_count(_settings(workers=7)) == 7


def test_each_device_has_a_worker_that_sees_it(tmp_path: Path) -> None:
    slice_ = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f"
    config = _settings(data_dir=tmp_path, workers=7, devices=("cuda:1", slice_), worker_port=9100)

    parts = _by_name(plan.app_parts(config, starter=False))

    assert [name for name in parts if name.startswith("worker-")] == ["worker-1", "worker-2"]
    assert parts["worker-1"].env["SWIPESTREAM_DEVICE"] == "cuda:1"
    assert "CUDA_VISIBLE_DEVICES" not in parts["worker-1"].env
    # CUDA shows a process that one alone
    assert parts["worker-2"].env["CUDA_VISIBLE_DEVICES"] == slice_
    assert parts["worker-2"].env["SWIPESTREAM_DEVICE"] == "cuda:0"
    ports = [wanted.part for wanted in plan.wanted_ports(config, ())]
    assert [part for part in ports if part.startswith("worker-")] == ["worker-1", "worker-2"]


@pytest.mark.parametrize("device", ["gpu0", "cuda", "cuda:", "MIG-", "cuda:0,cuda:1", "MIG-1234 5678"])
def test_what_is_no_device_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match="devices"):
        _settings(devices=(device,))
