"""Kafka with TLS: every kind of client gets in by password or by certificate, and whoever is refused is told why."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from infra.backup.take import backup
from infra.contracts.slices import Slice
from infra.errors import StoreRefusedError, UnavailableError
from infra.kafka.admin import apply_topics
from infra.kafka.batches import BatchConsumer
from infra.kafka.groups import committed
from infra.kafka.lookahead import batch_end
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tail import Tail
from infra.settings import Settings, settings
from infra.storage.blobs import LocalBlobStore
from query_api.figures import Backlog
from query_api.health import LogRanges
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin
from tests.integration.authority import Authority
from tests.integration.failures_kit import until
from tests.integration.secured_broker import PASSWORD, USER, SecuredKafka, secured_broker

pytestmark = pytest.mark.timeout(240)
Ways = Mapping[str, Mapping[str, str]]
Given = Callable[[Mapping[str, str]], Settings]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture(scope="module")
def ways(kafka: SecuredKafka) -> Ways:
    """Settings that let a client in, by their name."""
    chain, key = kafka.authority.issue("client")
    login = {
        "KAFKA": kafka.login, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_CA": str(kafka.authority.file),
        "KAFKA_USER": USER, "KAFKA_PASSWORD": PASSWORD,
    }  # fmt: skip
    files = {"KAFKA_CA": str(kafka.authority.file), "KAFKA_CERTIFICATE": str(chain), "KAFKA_KEY": str(key)}
    return {
        "SCRAM": login | {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"},
        "PLAIN": login | {"KAFKA_SASL_MECHANISM": "PLAIN"},
        "certificate": files | {"KAFKA": kafka.certificate, "KAFKA_SECURITY_PROTOCOL": "SSL"},
    }


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Gives this process, and those that it starts, these settings."""

    def use(named: Mapping[str, str]) -> Settings:
        for name, value in named.items():
            monkeypatch.setenv(f"SWIPESTREAM_{name}", value)
        settings.cache_clear()
        return settings()

    yield use
    settings.cache_clear()


@pytest.mark.parametrize("way", ["SCRAM", "PLAIN", "certificate"])
def test_every_client_gets_in(way: str, ways: Ways, given: Given, tmp_path: Path) -> None:
    # given
    address, text = given(ways[way]).kafka_address, f"Why do cats purr? {uuid.uuid4()}"
    apply_topics(address)
    producer, got = EventProducer(address, "test"), list[str]()
    # when an event is published, a group takes it, and a tail is read
    producer.publish_all([(root(_prompt(text), source="/test"), None)])
    place = _consume(address, producer, text, got)
    tailed = asyncio.run(asyncio.wait_for(_tailed(address, text), 30))
    producer.close()
    # then all of them saw it, and so do an export, a backup, the questions of the API, and aiokafka
    assert text in got
    assert tailed
    with Slice(address, "prompts") as records:
        assert text in b"".join(record.value or b"" for record in records).decode()
    assert backup(address, tmp_path / "backup", LocalBlobStore(tmp_path / "media"), topics=["prompts"])[1].records
    assert Backlog(address)()["script-tasks"] >= 0
    assert committed(address, f"secured-{text[-36:]}", [place])[place] > 0
    assert batch_end(address, place, LogRanges(address)()[place][1] - 1) == LogRanges(address)()[place][1]


@pytest.mark.parametrize("way", ["SCRAM", "PLAIN", "certificate"])
def test_a_faust_agent_gets_in(way: str, ways: Ways, given: Given, tmp_path: Path) -> None:
    # given
    address, text, done = given(ways[way]).kafka_address, f"hop {uuid.uuid4()}", tmp_path / "done"
    apply_topics(address)
    command = [sys.executable, "-m", "tests.integration.flaky_processors", str(done)]
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            command, env=os.environ | {"SWIPESTREAM_DATA_DIR": str(tmp_path)}, stdout=log, stderr=log
        )
    # when
    producer = EventProducer(address, "test")
    producer.publish_all([(root(_prompt(text), source="/test"), None)])
    producer.close()
    # then
    try:
        until(lambda: done.exists() and text in done.read_text(), 60)
    finally:
        worker.terminate()
        worker.wait(20)
    assert PASSWORD not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("way", "wrong", "says", "setting"),
    [
        ("SCRAM", {"KAFKA_PASSWORD": "not-it"}, "invalid credentials", "SWIPESTREAM_KAFKA_USER"),
        ("PLAIN", {"KAFKA_PASSWORD": "not-it"}, "Invalid username or password", "SWIPESTREAM_KAFKA_USER"),
        ("SCRAM", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}, "supported mechanisms: PLAIN", "_SASL_MECHANISM"),
        ("SCRAM", {"KAFKA_CA": "other"}, "certificate verify failed", "SWIPESTREAM_KAFKA_CA"),
        ("certificate", {"KAFKA_CERTIFICATE": "other", "KAFKA_KEY": "other"}, "alert bad certificate", "_CERTIFICATE"),
        ("SCRAM", {"KAFKA": "plain"}, "PLAINTEXT broker listener", "SWIPESTREAM_KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_who_is_refused_is_told_why_in_time(
    way: str, wrong: Mapping[str, str], says: str, setting: str, kafka: SecuredKafka, ways: Ways, given: Given,
    tmp_path: Path,
) -> None:  # fmt: skip
    # given one setting that is wrong
    other = Authority(tmp_path / "other", "other")
    chain, key = other.issue("stranger")
    meant = {("KAFKA_CA", "other"): str(other.file), ("KAFKA_CERTIFICATE", "other"): str(chain)}
    meant |= {("KAFKA_KEY", "other"): str(key), ("KAFKA", "plain"): kafka.address}
    given({**ways[way], **{name: meant.get((name, value), value) for name, value in wrong.items()}})
    # when
    begun = time.monotonic()
    with pytest.raises(StoreRefusedError, match=says) as error:
        apply_topics(settings().kafka_address)
    # then
    assert time.monotonic() - begun < 10
    assert setting in (error.value.hint or "")


def test_whoever_reads_is_told_too(ways: Ways, given: Given) -> None:
    address = given({**ways["SCRAM"], "KAFKA_PASSWORD": "not-it"}).kafka_address

    with pytest.raises(StoreRefusedError, match="invalid credentials"), Slice(address, "prompts") as records:
        next(iter(records))


def test_without_tls_where_it_is_wanted_there_is_no_answer_and_the_setting_is_named(
    kafka: SecuredKafka, given: Given
) -> None:
    given({"KAFKA": kafka.login})

    with pytest.raises(UnavailableError, match="does not answer") as error:
        apply_topics(kafka.login, timeout=3)

    assert "SWIPESTREAM_KAFKA_SECURITY_PROTOCOL" in (error.value.hint or "")


@pytest.mark.parametrize("command", [("topics", "apply"), ("status",)])
def test_commands_say_it_in_one_line_without_the_password(command: tuple[str, ...], ways: Ways, tmp_path: Path) -> None:
    named = ways["SCRAM"] | {"KAFKA_PASSWORD": "not-it", "DATA_DIR": str(tmp_path)}
    environment = os.environ | {f"SWIPESTREAM_{name}": value for name, value in named.items()}

    ended = subprocess.run(
        [sys.executable, "-m", "infra.cli", *command], env=environment, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode in (69, 77)
    assert "invalid credentials" in ended.stderr
    assert "SWIPESTREAM_KAFKA_USER" in ended.stderr
    assert "not-it" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("service", [("processors",), ("gpu_consumers", "--stages", "script")])
def test_services_that_are_refused_log_it_and_try_on(service: tuple[str, ...], ways: Ways, tmp_path: Path) -> None:
    named = ways["SCRAM"] | {"KAFKA_PASSWORD": "not-it", "DATA_DIR": str(tmp_path / "data")}
    environment = os.environ | {f"SWIPESTREAM_{name}": value for name, value in named.items()}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", *service], env=environment, stdout=log, stderr=log)
    try:
        until(lambda: "SWIPESTREAM_KAFKA_USER" in (tmp_path / "log").read_text(), 40)
        assert process.poll() is None
        assert "not-it" not in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait(20)


def _prompt(text: str) -> PromptSubmitted:
    video = str(uuid.uuid4())
    return PromptSubmitted(video_id=video, text=text, origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=1)


def _consume(address: str, producer: EventProducer, text: str, got: list[str]) -> tuple[str, int]:
    """Let a group of its own take records until it sees the text; where it was."""
    places: list[tuple[str, int]] = []

    def handle(records: Sequence[Received]) -> None:
        for record in records:
            if text.encode() in (record.raw.value or b""):
                got.append(text)
                places.append((record.topic, record.partition))
                consumer.stop()

    consumer = BatchConsumer(address, f"secured-{text[-36:]}", ("prompts",), handle, producer, tiers={})
    consumer.run()
    return places[0]


async def _tailed(address: str, text: str) -> bool:
    async with Tail(address, ("prompts",), history=100) as tail:
        async for batch in tail:
            if any(text.encode() in (record.raw.value or b"") for record in batch.records):
                return True
    return False
