"""Two processes of the processors, and a state that only the owner of its partition may write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from infra.kafka.producer import EventProducer
from infra.stack import LocalKafka, ports
from schemas.topics import PROCESSORS, changelog
from tests.chaos.doors import add_listeners
from tests.chaos.proxy import Network, Proxy
from tests.integration.failures_kit import read_all, until
from tests.integration.gateway_broker import broker
from tests.integration.test_failures_faust import VIDEO, done, record

pytestmark = pytest.mark.timeout(240)
KEY = 21


@dataclass(frozen=True, slots=True)
class Doored(LocalKafka):
    """A broker with a listener more, which says that it is found at a proxy."""

    listener: int
    proxy: Proxy

    def prepare(self) -> None:
        """Write the configuration for this run."""
        LocalKafka.prepare(self)
        add_listeners(self.data_dir / "server.properties", {"far": self.listener}, {"far": self.proxy})


@contextmanager
def processors(name: str, address: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One of them; what it does is in its folder."""
    folder.mkdir()
    env = os.environ | {
        "SWIPESTREAM_KAFKA": address, "SWIPESTREAM_DATA_DIR": str(folder), "SWIPESTREAM_PROCESSORS_NAME": name,
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "tests.integration.flaky_processors", str(folder / "done")]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def states(address: str) -> list[int]:
    """Those of the key, in the order of its changelog."""
    found = read_all(address, changelog("video-state"), partitions=range(4))
    return [int(each.value() or b"0") for each in found if each.key() == VIDEO.format(KEY).encode()]


def members(address: str) -> set[str | None]:
    """Who is at work in the group, by their names; nobody while it forms."""
    admin = AdminClient({"bootstrap.servers": address})
    group = admin.describe_consumer_groups([PROCESSORS], request_timeout=10)[PROCESSORS].result(20)
    return {each.group_instance_id for each in group.members} if group.state is ConsumerGroupState.STABLE else set()


def test_who_was_cut_off_writes_no_state_behind_those_of_the_new_owner(tmp_path: Path) -> None:
    with Network() as network:
        listener = ports.free_port()
        line = network.proxy(f"127.0.0.1:{listener}")
        with broker(tmp_path, Doored(tmp_path / "kafka", ports.free_port(pair=True), listener, line)) as kafka:
            producer = EventProducer(kafka.address, "test")

            def send(*texts: str) -> None:
                for text in texts:
                    producer.send_raw("prompts", *record(text, KEY), partition=0).result(20)

            with processors("far", line.address, tmp_path / "far") as far:
                send("one")
                until(lambda: states(kafka.address) == [1], 60)
                # given a process that is cut off while it decides, and then has a state to write
                send("hold")
                until(lambda: "hold" in done(tmp_path / "far"), 30)
                line.cut()
                (tmp_path / "far" / "done.go").touch()
                with processors("near", kafka.address, tmp_path / "near") as near:
                    (tmp_path / "near" / "done.go").touch()
                    # and another one, which is given its partitions and goes on
                    send("three", "four")
                    until(lambda: states(kafka.address)[-1:] == [4], 60)
                    # when the line is there again, and the first one is back in the group
                    line.heal()
                    until(lambda: members(kafka.address) == {"far", "near"}, 60)
                    assert far.poll() is None and near.poll() is None
            # then the last state is that of the owner, and whoever recovers it goes on from there
            assert states(kafka.address)[-1] == 4
            with processors("third", kafka.address, tmp_path / "third"):
                send("five")
                until(lambda: states(kafka.address)[-1:] == [5], 60)
            producer.close()
