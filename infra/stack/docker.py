"""Kafka and Cassandra in Docker, where an engine answers: the same parts by `infra/deploy/compose.yaml`."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from infra.stack.errors import DockerError

COMPOSE_FILE = Path(__file__).parents[1] / "deploy" / "compose.yaml"
_COMPOSE = ("docker", "compose", "--project-name", "swipestream", "--file", str(COMPOSE_FILE))


@lru_cache(maxsize=1)
def engine_answers() -> bool:
    """Whether the `docker` program is here and reaches an engine."""
    return shutil.which("docker") is not None and _succeeds(("docker", "version"))


def compose_works() -> bool:
    """Whether an engine answers and `docker compose` is here, which is what `command` needs."""
    return engine_answers() and _succeeds(("docker", "compose", "version"))


def command(service: str) -> list[str]:
    """The command that runs one service of the compose file in the foreground until SIGTERM."""
    return [*_COMPOSE, "up", "--no-color", "--no-log-prefix", service]


def environment(kafka_port: int, cassandra_port: int) -> dict[str, str]:
    """What the compose file reads from the environment."""
    return {"SWIPESTREAM_KAFKA_PORT": str(kafka_port), "SWIPESTREAM_CASSANDRA_PORT": str(cassandra_port)}


def pull() -> None:
    """Bring the images; raises DockerError when that fails."""
    _run("pull", "--quiet", "--policy", "missing")


def stop() -> None:
    """Stop what still runs: a container goes on when the program that showed its output was killed."""
    _run("stop", "--timeout", "1")


def forget() -> None:
    """Remove the containers and everything they keep."""
    _run("down", "--volumes")


def _run(*words: str) -> None:
    hint = "SWIPESTREAM_STACK=jars does without Docker."
    try:
        done = subprocess.run(
            [*_COMPOSE, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise DockerError(f"The program docker cannot be started: {error.strerror}.", hint=hint) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise DockerError(f"docker compose {words[0]}: {last}", hint=hint)


def _succeeds(words: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
