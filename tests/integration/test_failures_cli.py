"""`swipestream dead`: an operator finds, mends, sends back and discards what died, over a real Kafka."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.deadletters import commands, decide_commands, look_commands
from infra.errors import SwipestreamError
from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.settings import settings
from schemas import ids
from schemas.envelope import root
from schemas.tasks import WriteScript
from schemas.topics import PROCESSORS
from schemas.values import Lane, Origin
from tests.integration.failures_kit import read_all, running, until
from tests.integration.gateway_broker import broker
from tests.integration.test_failures_faust import done, record, worker

pytestmark = pytest.mark.timeout(240)
Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with broker(tmp_path_factory.mktemp("broker")) as running:
        yield running.address


@pytest.fixture(scope="module")
def producer(address: str) -> Iterator[EventProducer]:
    producer = EventProducer(address, "test")
    yield producer
    producer.close()


@pytest.fixture
def cli(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Runs `swipestream dead …`: the document that it printed, else its text or the error that ended it."""
    printed: list[Any] = []
    # not from its output: the consumers of a test log in this process too
    for module in (look_commands, decide_commands):
        monkeypatch.setattr(module, "print_json", printed.append)
    monkeypatch.setenv("SWIPESTREAM_KAFKA", address)
    monkeypatch.setenv("SWIPESTREAM_OPERATOR", "ada")
    settings.cache_clear()

    def run(*words: str, code: int = 0, stdin: str = "") -> Any:
        printed.clear()
        ended = CliRunner().invoke(commands.dead, words, input=stdin)
        if isinstance(ended.exception, SwipestreamError):
            assert ended.exception.exit_code == code, ended.exception
            return f"{ended.exception} {ended.exception.hint}"
        assert ended.exit_code == code, ended.output
        return printed[0] if printed else ended.output

    yield run
    settings.cache_clear()


def task(name: str, flavor: str) -> WriteScript:
    return WriteScript(
        video_id=ids.video_id(name), origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor=flavor, after_us=1, text=name
    )


class Writer:
    """Knows one flavor."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int]] = []

    def work(self, received: Received) -> Effects:
        data = received.envelope.data
        assert isinstance(data, WriteScript)
        if data.flavor != "default":
            raise ValueError(f"no flavor {data.flavor}")
        self.written.append((data.text, received.attempt))
        return []


def test_an_operator_mends_sends_back_and_discards(address: str, producer: EventProducer, cli: Cli) -> None:
    writer = Writer()
    tasks = [task("fine", "default"), task("wrong-1", "nope"), task("wrong-2", "nope"), task("wrong-3", "gone")]
    producer.publish_all([(root(each, source="/test"), None) for each in tasks])
    with running(TaskConsumer(address, "script-worker", ["script-tasks"], writer.work, producer)):
        # given three letters
        until(lambda: len(cli("list", "--consumer", "script-worker", "--json")) == 3, 60)
        letters = {letter["message"] + letter["key"]: letter for letter in cli("list", "--json")}
        first, second = (letters[f"no flavor nope{ids.video_id(name)}"] for name in ("wrong-1", "wrong-2"))
        third = letters[f"no flavor gone{ids.video_id('wrong-3')}"]
        assert {letter["type"] for letter in letters.values()} == {"WriteScript"}
        assert {letter["reason"] for letter in letters.values()} == {"ValueError"}
        # filters
        assert [one["id"] for one in cli("list", "--key", first["key"], "--json")] == [first["id"]]
        assert cli("list", "--topic", "swipes", "--json") == [] == cli("list", "--reason", "KeyError", "--json")
        assert len(cli("list", "--since", "10m", "--topic", "script-tasks", "--json")) == 3
        assert cli("list", "--since", "2100-01-01", "--json") == []
        shown = cli("show", first["id"])
        assert shown["value"]["flavor"] == "nope" and shown["headers"]["traceparent"]
        # when one is mended: not by what its contract refuses
        assert "lane" in cli("edit", first["id"], "--value", json.dumps({**shown["value"], "lane": "no"}), code=65)
        mended = json.dumps({**shown["value"], "flavor": "default"})
        cli("edit", first["id"], "--value", mended, "--dry-run")
        assert len(cli("list", "--json")) == 3
        cli("edit", first["id"], "--value-file", "-", "--why", "typo", stdin=mended)
        until(lambda: ("wrong-1", 1) in writer.written)
        # one is sent back as it is, and dies again: a new letter
        assert cli("redrive", "--key", second["key"], "--dry-run", "--json") == [
            {"id": second["id"], "action": "redriven", "dry_run": True}
        ]
        assert "Which letters?" in cli("redrive", code=65)
        cli("redrive", second["id"])
        until(lambda: any(one["redriven"] == 1 for one in cli("list", "--json")), 30)
        # and one is discarded
        cli("discard", third["id"], "--why", "nobody wants it")
        left = cli("list", "--json")
        assert [(one["key"], one["redriven"]) for one in left] == [(second["key"], 1)]
        assert "to act on" in cli("redrive", first["id"], code=66)
    # then who did what, and why, is known
    decided = {one["id"]: one["decided"] for one in cli("list", "--decided", "--json") if one["decided"]}
    assert {name: (one["action"], one["by"], one["why"], one["edited"]) for name, one in decided.items()} == {
        first["id"]: ("redriven", "ada", "typo", True),
        second["id"]: ("redriven", "ada", "", False),
        third["id"]: ("discarded", "ada", "nobody wants it", False),
    }
    # and nobody else saw anything twice
    assert len(read_all(address, "script-tasks", partitions=range(4))) == len(tasks)
    assert "1 dead letters." in cli("list")


def test_many_are_sent_back_slowly(address: str, producer: EventProducer, cli: Cli) -> None:
    def refuse(_received: Received) -> Effects:
        raise KeyError("busy")

    count = 6
    producer.publish_all([(root(task(f"many-{n}", "default"), source="/test"), "script-tasks") for n in range(count)])
    with running(TaskConsumer(address, "script-worker", ["script-tasks"], refuse, producer)):
        until(lambda: len(cli("list", "--reason", "KeyError", "--json")) == count, 60)
    begun = time.monotonic()
    cli("redrive", "--reason", "KeyError", "--rate", "4")
    assert time.monotonic() - begun > (count - 1) / 4
    assert cli("list", "--reason", "KeyError", "--json") == []
    writer = Writer()
    with running(TaskConsumer(address, "script-worker", ["script-tasks"], writer.work, producer)):
        until(lambda: {name for name, _ in writer.written} >= {f"many-{n}" for n in range(count)})


def test_what_a_processor_refused_goes_back_to_it(
    address: str, producer: EventProducer, cli: Cli, tmp_path: Path
) -> None:
    own, value, headers = record("bad", 3)
    producer.send_raw("prompts", own, value, headers, partition=3).result(20)
    with worker(address, tmp_path):
        until(lambda: len(cli("list", "--consumer", PROCESSORS, "--json")) == 1, 60)
        letter = cli("list", "--consumer", PROCESSORS, "--json")[0]
        assert letter["part"] == "videos"
        shown = cli("show", letter["id"])
        cli("edit", letter["id"], "--value", json.dumps({**shown["value"], "text": "mended"}))
        until(lambda: "mended" in done(tmp_path), 30)
    assert cli("list", "--consumer", PROCESSORS, "--json") == []
