"""The local stack from jars: it serves, it keeps its data over a kill -9, it leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # the stubs hide it

from infra.stack import Stack, ports, start_stack

pytestmark = pytest.mark.timeout(180)


def _cluster(address: str) -> Cluster:
    host, port = ports.split(address)
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy())
    return Cluster([host], port=port, protocol_version=4, execution_profiles={EXEC_PROFILE_DEFAULT: profile})


def _write(session: Session) -> None:
    session.execute("CREATE KEYSPACE stack WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE stack.row (id int PRIMARY KEY, word text, near vector<float, 3>)")
    session.execute("CREATE INDEX ON stack.row (near) USING 'sai'")
    session.execute("INSERT INTO stack.row (id, word, near) VALUES (1, 'kept', [1, 2, 3])")


def _produce(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic("words", 1)])["words"].result(10)
    producer = Producer({"bootstrap.servers": address})
    producer.produce("words", b"kept")
    assert producer.flush(10) == 0


def _consume(address: str, group: str) -> bytes | None:
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": group, "group.protocol": "consumer", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["words"])
    try:
        message = consumer.poll(20)
        return message.value() if message else None
    finally:
        consumer.close()


def test_data_survives_kill_9_and_other_ports(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        with _cluster(first.cassandra) as cluster:
            _write(cluster.connect())
        _produce(first.kafka)
        assert _consume(first.kafka, "before") == b"kept"
        for name in first.processes:
            first.kill(name)

    with start_stack(tmp_path) as second:
        assert (second.kafka, second.cassandra) != (first.kafka, first.cassandra)
        assert _consume(second.kafka, "after") == b"kept"
        with _cluster(second.cassandra) as cluster:
            rows = cluster.connect().execute("SELECT word FROM stack.row ORDER BY near ANN OF [1, 2, 2] LIMIT 1")
            assert rows.one().word == "kept"


def test_a_part_that_was_killed_starts_again_at_the_same_address(tmp_path: Path) -> None:
    with start_stack(tmp_path) as own:
        own.kill("cassandra")
        assert not own.parts["cassandra"].ready()

        own.start("cassandra")
        own.wait("cassandra")

        with _cluster(own.cassandra) as cluster:
            assert cluster.connect().execute("SELECT release_version FROM system.local").one()


def test_topics_are_not_created_by_use(stack: Stack) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka, "message.timeout.ms": 2000})
    failures: list[object] = []
    producer.produce("nobody-made-this", b"x", on_delivery=lambda error, _: failures.append(error))
    producer.flush(10)
    assert failures and failures[0] is not None


@contextmanager
def _foreground(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "infra.stack", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        try:
            yield parent
        finally:
            parent.kill()  # one that was not ended would be waited for without a limit


def _none_left(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=5)
    # Where nobody collects orphans, one that has ended stays as a zombie.
    return all(each.status() == psutil.STATUS_ZOMBIE for each in alive)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_outlives_the_one_that_started_it(tmp_path: Path, number: signal.Signals) -> None:
    with _foreground(tmp_path) as parent:
        assert parent.stdout
        assert parent.stdout.readline().startswith("READY kafka=127.0.0.1:")
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == 2

        parent.send_signal(number)

        parent.wait(10)
    assert _none_left(children)


def test_an_interrupt_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with _foreground(tmp_path) as parent:
        deadline = time.monotonic() + 20
        while not (children := psutil.Process(parent.pid).children()) and time.monotonic() < deadline:
            time.sleep(0.02)

        parent.send_signal(signal.SIGINT)

        parent.wait(15)
    assert _none_left(children)
