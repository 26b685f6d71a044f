"""Kafka and Cassandra in containers, for tests on a machine where a Docker engine answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import yaml
from testcontainers.core.container import DockerContainer

from infra.stack import Stack, docker, ports, probes
from infra.stack.errors import NotReadyError
from infra.stack.kafka import SETTINGS

_CONTROLLER = "127.0.0.1:29093"


@contextmanager
def containers(timeout: float = 180.0) -> Iterator[Stack]:
    """Start both at free ports of this machine, wait until they serve, remove them at the end."""
    kafka_port = ports.free_port()
    with ExitStack() as cleanup:
        cleanup.enter_context(kafka(kafka_port))
        cassandra_port = int(cleanup.enter_context(cassandra()).get_exposed_port(9042))
        stack = Stack(f"127.0.0.1:{kafka_port}", f"127.0.0.1:{cassandra_port}")
        deadline = time.monotonic() + timeout
        _wait(lambda: probes.kafka_answers(stack.kafka), deadline)
        _wait(lambda: probes.cassandra_answers(stack.cassandra), deadline)
        yield stack


def kafka(port: int) -> DockerContainer:
    """A broker that is reached at `127.0.0.1:port`: clients are told that address, so it must be the same inside."""
    return DockerContainer(image("kafka")).with_envs(**kafka_environment(port)).with_bind_ports(f"{port}/tcp", port)


def cassandra() -> DockerContainer:
    """A node with a small heap and nobody to wait for."""
    environment = _compose()["cassandra"]["environment"]
    return DockerContainer(image("cassandra")).with_envs(**environment).with_exposed_ports(9042)


def kafka_environment(port: int) -> dict[str, str]:
    """The broker's settings as its image reads them."""
    settings = SETTINGS | {
        "listeners": f"BROKER://0.0.0.0:{port},CONTROLLER://{_CONTROLLER}",
        "advertised.listeners": f"BROKER://127.0.0.1:{port},CONTROLLER://{_CONTROLLER}",
        "controller.quorum.voters": f"1@{_CONTROLLER}",
        "log.dirs": "/tmp/kafka",
    }
    return {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}


def image(service: str) -> str:
    """The image that the compose file names."""
    return str(_compose()[service]["image"])


def _compose() -> dict[str, dict[str, dict[str, str]]]:
    services: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(docker.COMPOSE_FILE.read_text())["services"]
    return services


def _wait(ready: Callable[[], bool], deadline: float) -> None:
    while not ready():
        if time.monotonic() > deadline:
            raise NotReadyError
        time.sleep(0.2)
