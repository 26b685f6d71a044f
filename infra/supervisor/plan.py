"""The parts of Swipestream on one machine, made from the settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.settings import Settings
from infra.stack import LocalCassandra, LocalKafka, docker
from infra.stack.checks import Wanted
from infra.supervisor.part import Part
from infra.supervisor.probe import Probe

_TABLES, _TOPICS = "tables", "topics"


def own(config: Settings) -> tuple[str, ...]:
    """Which of `kafka` and `cassandra` the local stack provides: those without an address in the settings."""
    return tuple(name for name, address in (("kafka", config.kafka), ("cassandra", config.cassandra)) if not address)


def worker_count(config: Settings) -> int:
    """How many workers there shall be: one for each device that is named, or as set, or one for each core."""
    if config.devices:
        return len(config.devices)
    if config.workers:
        return config.workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_parts(config: Settings) -> dict[str, LocalKafka | LocalCassandra]:
    """The parts that run from jars, by name."""
    folder = config.data_dir.resolve()
    every: dict[str, LocalKafka | LocalCassandra] = {
        "kafka": LocalKafka(folder / "kafka", config.kafka_port),
        "cassandra": LocalCassandra(folder / "cassandra", config.cassandra_port),
    }
    return {name: every[name] for name in own(config)}


def jar_parts(config: Settings) -> list[Part]:
    """Kafka and Cassandra from jars, whose configuration has been written."""
    parts: list[Part] = []
    first: tuple[str, ...] = ()
    for name, local in local_parts(config).items():
        if isinstance(local, LocalKafka) and (command := local.format_command()):
            parts.append(Part("kafka-setup", tuple(command), once=True, quiet=True, patience=2, vital=True))
            first = ("kafka-setup",)
        parts.append(_store(config, name, local.command(), {}, first if name == "kafka" else ()))
    return parts


def docker_parts(config: Settings) -> list[Part]:
    """Kafka and Cassandra in Docker."""
    env = docker.environment(config.kafka_port, config.cassandra_port)
    return [_store(config, name, docker.command(name), env) for name in own(config)]


def app_parts(config: Settings, *, starter: bool) -> list[Part]:
    """Everything that is ours, the migrations first, the starter prompts last."""
    kafka, cassandra = ((name,) if name in own(config) else () for name in ("kafka", "cassandra"))
    return [
        _migration(_TOPICS, kafka),
        _migration(_TABLES, cassandra),
        _module("processors", "processors"),
        *_workers(config),
        _module("projector", "query_api projector"),
        *([_module("tracer", "query_api tracer")] if config.otlp_endpoint else []),
        _api(config),
        *([_starter()] if starter else []),
    ]


def wanted_ports(config: Settings, stores: Sequence[str]) -> Iterator[Wanted]:
    """Every port that will be listened on; `stores` names those of Kafka and Cassandra that run from jars."""
    for name in stores:
        setting = f"SWIPESTREAM_{name.upper()}_PORT"
        yield from (Wanted(name.title(), port, setting) for port in local_parts(config)[name].ports)
    yield Wanted("the API", config.api_port, "SWIPESTREAM_API_PORT", config.host)
    for number in range(worker_count(config) if config.worker_port else 0):
        yield Wanted(f"worker-{number + 1}", config.worker_port + number, "SWIPESTREAM_WORKER_PORT", config.host)
    yield Wanted("the gateway", config.gateway_port, "SWIPESTREAM_GATEWAY_PORT", config.host)


def _store(
    config: Settings, name: str, command: Sequence[str], env: dict[str, str], depends_on: tuple[str, ...] = ()
) -> Part:
    address = config.kafka_address if name == "kafka" else config.cassandra_address
    return Part(
        name,
        tuple(command),
        env=env,
        probe=Probe("kafka" if name == "kafka" else "cassandra", address),
        address=address,
        depends_on=depends_on,
        quiet=True,
        patience=3,
        vital=True,
        grace=4.0,
    )


def _migration(what: str, depends_on: tuple[str, ...]) -> Part:
    command = _python("infra.cli", what, "apply")
    return Part(what, command, depends_on=depends_on, once=True, patience=3, vital=True)


def _module(name: str, module: str, env: dict[str, str] | None = None) -> Part:
    # Long enough for one that cannot start to have said so.
    return Part(name, _python(*module.split()), env=env or {}, depends_on=(_TOPICS, _TABLES), settle=3.0, quiet=True)


def _workers(config: Settings) -> list[Part]:
    return [_worker(config, number) for number in range(worker_count(config))]


def _worker(config: Settings, number: int) -> Part:
    name = f"worker-{number + 1}"
    part = _module(name, "gpu_consumers", {"SWIPESTREAM_WORKER_NAME": name, **_device(config, number)})
    if not config.worker_port:
        return part
    port = config.worker_port + number
    where = Probe("http", f"{config.worker_url(port)}/readyz")
    return replace(part, env={**part.env, "SWIPESTREAM_WORKER_PORT": str(port)}, probe=where)


def _device(config: Settings, number: int) -> dict[str, str]:
    """What shows a worker its device. One with a UUID is all that CUDA lets the process see, and so its first."""
    if not config.devices:
        return {}
    device = config.devices[number]
    if device.startswith(("GPU-", "MIG-")):
        return {"CUDA_VISIBLE_DEVICES": device, "SWIPESTREAM_DEVICE": "cuda:0"}
    return {"SWIPESTREAM_DEVICE": device}


def _api(config: Settings) -> Part:
    return Part(
        "api",
        _python("query_api", "serve"),
        probe=Probe("http", f"{config.api_url}/healthz"),
        address=config.api_url,
        depends_on=(_TOPICS, _TABLES),
        quiet=True,
    )


def _starter() -> Part:
    return Part("starter", _python("producers", "starter"), depends_on=("api",), once=True, patience=3)


def _python(module: str, *words: str) -> tuple[str, ...]:
    return sys.executable, "-m", module, *words
