"""`swipestream export` on a real Kafka, and the queries of docs/contracts.md on what it wrote."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import CliRunner

from infra.contracts import export_command
from infra.contracts.commands import register
from infra.contracts.export import Summary, export_topic
from infra.errors import NotFoundError, UnavailableError
from infra.kafka import stretch
from infra.settings import Settings
from infra.stack import Stack
from schemas import codec, ids
from schemas.envelope import root
from schemas.swipes import Action, SwipeRecorded
from schemas.topics import TOPICS, Topic
from tests.contract.contract_kit import ROOT, golden

pytestmark = pytest.mark.timeout(240)

#: The first record is of this moment (milliseconds), each next one a second later.
BEGIN = (int(time.time()) - 3_600) * 1_000
COUNT = 300
SWIPES, VIDEOS = (f"export-{name}-{ids.fresh()[:8]}" for name in ("swipes", "videos"))
PAGE = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> Iterator[str]:
    """Two topics of this module's own, with records of the families `swipes` and `video-events`."""
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    for made in admin.create_topics([NewTopic(SWIPES, 3), NewTopic(VIDEOS, 1)]).values():
        made.result(30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TOPICS, SWIPES, Topic(name=SWIPES, family="swipes", key="viewer_id", holds=""))
        patch.setitem(TOPICS, VIDEOS, Topic(name=VIDEOS, family="video-events", key="video_id", holds=""))
        _fill(stack.kafka)
        yield stack.kafka


def _fill(kafka: str) -> None:
    producer = Producer({"bootstrap.servers": kafka, "compression.type": "lz4"})
    for number in range(COUNT):
        record = codec.encode(
            root(_swipe(number), source="/test", event_id=ids.derive("export", "swipe", number)), SWIPES
        )
        _send(producer, SWIPES, record.key, record.value, record.headers, number)
    # One event twice, one that nobody can read, one that was deleted.
    _send(producer, SWIPES, record.key, record.value, record.headers, COUNT)
    _send(producer, SWIPES, b"viewer-0", b"not json", record.headers, COUNT)
    _send(producer, SWIPES, b"viewer-0", None, [], COUNT)
    for name in ("PromptAccepted", "ScriptWritten", "SceneVoiced", "SceneRendered", "VideoPublished"):
        known = golden(f"{name}.v1")
        headers = [(header, value.encode()) for header, value in known["headers"].items()]
        _send(producer, VIDEOS, known["key"].encode(), json.dumps(known["value"]).encode(), headers, 0)
    assert producer.flush(30) == 0


def _send(producer: Producer, topic: str, key: bytes, value: bytes | None, headers: Any, second: int) -> None:
    producer.produce(topic, value, key, headers=headers, timestamp=BEGIN + 1000 * second)


def _swipe(number: int) -> SwipeRecorded:
    return SwipeRecorded(
        viewer_id=f"viewer-{number % 7}",
        video_id=ids.video_id(f"export-{number % 5}"),
        action=Action.WATCHED if number % 3 else Action.SKIPPED,
        watched_ms=1000 * (number % 20),
        duration_ms=20_000,
        subject=("cats", "stars", None)[number % 3],
        ts_us=BEGIN * 1000 + number,
    )


def rows(place: Path, what: str = "*") -> list[tuple[Any, ...]]:
    return duckdb.read_parquet(str(place)).project(what).fetchall()


def exported(kafka: str, folder: Path, topic: str = SWIPES, **options: Any) -> tuple[Summary, Path]:
    place = folder / f"{topic}.parquet"
    return export_topic(kafka, topic, place, **options), place


def test_every_record_becomes_a_row(kafka: str, tmp_path: Path) -> None:
    # when
    summary, place = exported(kafka, tmp_path)
    # then
    assert summary.records == COUNT + 3 == sum(end["to"] - end["from"] for end in summary.partitions.values())
    assert summary.unreadable == {"InvalidPayloadError": 1, "EmptyRecordError": 1}
    assert summary.size == place.stat().st_size
    found = rows(place, "_partition, _offset, ce_id, _error, _timestamp, _topic")
    assert [(partition, offset) for partition, offset, *_ in found] == sorted({row[:2] for row in found})
    assert {row[2] for row in found if not row[3]} == {ids.derive("export", "swipe", number) for number in range(COUNT)}
    assert {row[5] for row in found} == {SWIPES}
    assert min(row[4] for row in found).timestamp() * 1000 == BEGIN


def test_all_messages_of_a_topic_share_the_columns(kafka: str, tmp_path: Path) -> None:
    _, place = exported(kafka, tmp_path, VIDEOS)
    found = rows(place, "ce_type, script.scenes[1].beat, clip.size, total_cost.cpu_seconds, words[2].text")
    assert found == [
        ("swipestream.PromptAccepted", None, None, None, None),
        ("swipestream.ScriptWritten", "hook", None, None, None),
        ("swipestream.SceneVoiced", None, None, None, "purr"),
        ("swipestream.SceneRendered", None, 812_345, None, "purr"),
        ("swipestream.VideoPublished", None, None, 6.5, None),
    ]


@pytest.mark.parametrize(
    ("since", "until", "limit", "count"),
    [
        (None, None, 10, 10),
        (100, None, None, COUNT - 100 + 3),
        (None, 100, None, 100),
        (100, 150, None, 50),
        (100, 150, 20, 20),
        (COUNT + 1, None, None, 0),
        (200, 100, None, 0),
    ],
)
def test_a_part_is_given_by_time_and_number(
    kafka: str, tmp_path: Path, since: int | None, until: int | None, limit: int | None, count: int
) -> None:
    since_ms, until_ms = (None if second is None else BEGIN + 1000 * second for second in (since, until))
    summary, place = exported(kafka, tmp_path, since_ms=since_ms, until_ms=until_ms, limit=limit)
    assert summary.records == len(rows(place)) == count
    times = [moment.timestamp() * 1000 for (moment,) in rows(place, "_timestamp")]
    assert all((since_ms or 0) <= time < (until_ms or time + 1) for time in times)


def test_nothing_is_committed(kafka: str, tmp_path: Path) -> None:
    exported(kafka, tmp_path)
    groups = AdminClient({"bootstrap.servers": kafka}).list_consumer_groups().result(30).valid
    assert not [group for group in groups or () if "slice" in group.group_id]
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "slice-without-a-group"})
    (committed,) = consumer.committed([TopicPartition(SWIPES, 0)], timeout=10)
    consumer.close()
    assert committed.offset < 0


def test_progress_is_told(kafka: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    exported(kafka, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (COUNT + 3, COUNT + 3)
    assert told == sorted(told)


def test_a_topic_that_is_not_there_is_told_with_those_that_are(kafka: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no topic swips") as refused:
        exported(kafka, tmp_path, "swips")
    assert SWIPES in (refused.value.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "ANSWER_S", 0.5)
    with pytest.raises(UnavailableError, match="Kafka does not answer"):
        exported("127.0.0.1:1", tmp_path)


def test_the_command_prints_a_summary(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(export_command, "config", lambda: Settings(kafka=kafka))
    register(app := typer.Typer())
    place = tmp_path / "swipes.parquet"
    words = ["export", "--topic", SWIPES, "--since", "3h", "--limit", "20", "--out", str(place)]
    # when
    as_text = CliRunner().invoke(app, words).stdout
    as_json = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    # then
    assert (as_json["topic"], as_json["records"], as_json["bytes"]) == (SWIPES, 20, place.stat().st_size)
    assert as_text.startswith(f"20 records of {SWIPES} in ")


QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.partition("## DuckDB")[2].partition("\n## ")[0], re.DOTALL)


@pytest.fixture(scope="module")
def slice_of_the_log(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the page exports."""
    folder = tmp_path_factory.mktemp("documented")
    for topic, name in ((SWIPES, "swipes"), (VIDEOS, "video-events")):
        export_topic(kafka, topic, folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize("query", QUERIES)
def test_every_documented_query_runs_on_an_exported_slice(
    slice_of_the_log: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.chdir(slice_of_the_log)
    with duckdb.connect() as database:
        assert database.execute(query).fetchall()


def test_the_documented_query_counts_each_swipe_once(slice_of_the_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(slice_of_the_log)
    with duckdb.connect() as database:
        found = {row[0]: row[1] for row in database.execute(QUERIES[0]).fetchall()}
    assert found == {"stars": COUNT // 3, None: COUNT // 3}
