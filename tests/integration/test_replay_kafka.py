"""Replay on a real Kafka: what is selected, what is asked for, what is left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from infra.errors import SwipestreamError
from infra.kafka.admin import apply_topics
from infra.kafka.deadletters import send
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.people.keys import address, fresh
from infra.settings import settings
from infra.stack import Stack
from producers.replay.commands import register
from producers.replay.follow import Follower
from producers.replay.journal import find
from producers.replay.ledger import UNWANTED
from producers.replay.log import histories
from producers.replay.verdicts import drop
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.videos import RevisionDropped
from tests.unit.read_kit import life, published

pytestmark = pytest.mark.timeout(180)


class Cli:
    """`swipestream replay …` against the Kafka of the tests: in this process, or in one of its own."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env, self.app = env, typer.Typer()
        register(self.app)

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "infra.cli", "replay", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.env, stdout=pipe, stderr=pipe, text=True)

    def __call__(self, *words: str, status: int = 0) -> Any:
        flags = ["--json"] if words[0] not in ("pause", "cancel") else []
        result = CliRunner().invoke(self.app, ["replay", *words, *flags])
        error = result.exception
        assert (error.exit_code if isinstance(error, SwipestreamError) else result.exit_code) == status, error
        return json.loads(result.stdout) if result.stdout.startswith(("{", "[")) else result.stdout


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> str:
    apply_topics(stack.kafka)
    return stack.kafka


@pytest.fixture
def cli(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.setenv("SWIPESTREAM_KAFKA", kafka)
    monkeypatch.setenv("SWIPESTREAM_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield Cli(dict(os.environ))
    settings.cache_clear()


@pytest.fixture
def producer(kafka: str) -> Iterator[EventProducer]:
    producer = EventProducer(kafka, "replay-test")
    yield producer
    producer.close()


@pytest.fixture
def videos(producer: EventProducer) -> list[str]:
    """Five videos in the log: three published, one failed, one not finished."""
    made = [ids.fresh() for _ in range(5)]
    for video, end in zip(made, ["published"] * 3 + ["failed", "none"], strict=True):
        producer.publish_all([(event, None) for event in life(video, now_us() - 1_000_000, end=end)])
    return made


def options(videos: list[str]) -> list[str]:
    return [word for video in videos for word in ("--video", video)]


def test_a_plan_counts_and_does_nothing(cli: Cli, kafka: str, videos: list[str]) -> None:
    before = offsets(kafka)
    plan = cli("plan", *options(videos))
    assert (plan["by_type"]["PromptSubmitted"], plan["by_type"]["VideoPublished"]) == (5, 3)
    assert (plan["videos"], sorted(plan["video_ids"])) == (5, sorted(videos))
    assert plan["estimate"]["cpu_seconds"] > 0
    failed = cli("plan", *options(videos), "--failure", "RenderError")
    assert failed["video_ids"] == [videos[3]]
    assert cli("plan", *options(videos), "--type", "VideoPublished", "--from", "1h")["records"] == 3
    assert cli("plan", *options(videos), "--from", "2099-01-01")["records"] == 0
    assert cli("plan", *options(videos), "--flavor", "no-such")["videos"] == 0
    assert offsets(kafka) == before


def test_a_video_that_hangs_on_a_dead_letter_is_found_by_what_the_letter_says(
    cli: Cli, kafka: str, producer: EventProducer, videos: list[str]
) -> None:
    # given a video that is not finished, since nobody could handle a task of its
    why = f"no such card {videos[4][:8]}"
    task = Raw(
        topic="scene-tasks.bulk", partition=0, offset=0, timestamp_ms=1, key=b"scene", headers=(),
        value=json.dumps({"video_id": videos[4]}).encode(),
    )  # fmt: skip
    send(producer, "scene-worker", task, LookupError(why)).result(20)
    # then
    assert cli("plan", *options(videos), "--failure", why)["video_ids"] == [videos[4]]
    ended = cli("run", *options(videos), "--failure", why, "--regenerate", "--reason", "the card is back")
    assert (ended["requested"], ended["skipped"]) == (1, 0)
    assert histories(kafka, videos[4:])[videos[4]].revisions[2].requested


def test_a_viewer_is_meant_by_their_name_and_written_by_their_pseudonym(
    cli: Cli, kafka: str, producer: EventProducer
) -> None:
    name, key, video = f"viewer-{ids.fresh()[:8]}", fresh(), ids.fresh()
    producer.send_raw("viewer-keys", address(name).encode(), key.dumped(), ()).result(20)
    producer.publish_all([(published(video, now_us(), viewer_id=key.pseudonym), None)])
    ended = cli("run", "--video", video, "--viewer", name, "--reason", "a look")
    assert ended["videos"] == 1
    assert find(kafka, ended["replay_id"]).started.selection.viewer_id == key.pseudonym
    cli("plan", "--viewer", "nobody-at-all", status=66)


def test_a_video_is_withdrawn_in_all_of_its_revisions(cli: Cli, kafka: str, videos: list[str]) -> None:
    cli("run", *options(videos[:1]), "--regenerate", "--reason", "again", "--rate", "1000")
    result = CliRunner().invoke(cli.app, ["withdraw", videos[0], "--reason", "asked for", "--json"])
    told = json.loads(result.stdout)
    assert (told["type"], told["video_id"], told["revision"]) == ("VideoWithdrawn", videos[0], 2)


def test_without_regenerate_nothing_is_asked_for(cli: Cli, kafka: str, videos: list[str]) -> None:
    ended = cli("run", *options(videos), "--reason", "a look")
    assert (ended["status"], ended["requested"], ended["videos"]) == ("finished", 0, 5)
    assert all(set(one.revisions) == {1} for one in histories(kafka, videos).values())


def test_results_carry_the_replay_and_no_group_notices(cli: Cli, kafka: str, videos: list[str]) -> None:
    # given
    groups = group_offsets(kafka)
    # when
    ended = cli(
        "run", *options(videos), "--regenerate", "--with-voice", "en-gb", "--reason", "clearer", "--operator", "ann",
        "--rate", "1000",
    )  # fmt: skip
    # then: what is not finished was passed over
    assert (ended["status"], ended["requested"], ended["skipped"]) == ("finished", 4, 1)
    found = histories(kafka, videos)
    asked = [one.revisions[2].requested for one in found.values() if 2 in one.revisions]
    assert [(one and one.replay_id, one and one.operator) for one in asked] == [(ended["replay_id"], "ann")] * 4
    assert group_offsets(kafka) == groups
    told = cli("status", ended["replay_id"][:13])
    assert told["results"]["counts"]["making"] == 4
    assert ended["replay_id"] in [one["replay_id"] for one in cli("status")]


def test_what_a_replay_made_is_promoted_together(
    cli: Cli, kafka: str, producer: EventProducer, videos: list[str]
) -> None:
    # given a replay of three videos, of which two are made and one of those was settled by hand
    ended = cli("run", *options(videos[:3]), "--regenerate", "--reason", "again", "--rate", "1000")
    for video in videos[:2]:
        shown = histories(kafka, [video])[video].revisions[1].published
        assert shown is not None
        done = shown.model_copy(update={"revision": 2, "ts_us": now_us(), "replay_id": ended["replay_id"]})
        producer.publish_all([(root(done, source="/test"), None)])
    producer.publish_all([(drop(histories(kafka, videos[:1])[videos[0]], 2, "ann", ""), None)])
    # when its results are promoted
    promoted = cli("promote", ended["replay_id"], "--reason", "better")
    # then only what was finished and undecided is
    assert promoted["revisions"] == [{"video_id": videos[1], "revision": 2}]
    assert [one.live for one in histories(kafka, videos[:3]).values()].count(2) == 1
    counts = cli("status", ended["replay_id"])["results"]["counts"]
    assert (counts["promoted"], counts["dropped"], counts["making"]) == (1, 1, 1)


def test_a_budget_pauses_and_a_larger_one_goes_on(cli: Cli, kafka: str, videos: list[str]) -> None:
    chosen = options(videos[:3])
    paused = cli("run", *chosen, "--regenerate", "--reason", "again", "--rate", "1000", "--budget", "2")
    assert (paused["status"], paused["why"], paused["requested"]) == ("paused", "the budget is spent", 2)
    ended = cli("resume", paused["replay_id"], "--budget", "3")
    assert (ended["status"], ended["requested"]) == ("finished", 3)
    assert [max(one.revisions) for one in histories(kafka, videos[:3]).values()] == [2, 2, 2]


def test_ctrl_c_pauses_and_another_process_can_pause_too(cli: Cli, kafka: str, videos: list[str]) -> None:
    # given a slow replay
    words = ("run", *options(videos[:3]), "--regenerate", "--reason", "slow", "--rate", "0.05", "--json")
    process = cli.start(*words)
    wait(lambda: asked(kafka, videos[:3]) == 1)
    # when it is interrupted
    process.send_signal(signal.SIGINT)
    first = json.loads(process.communicate(timeout=30)[0])
    # then
    assert (first["status"], first["why"], first["requested"]) == ("paused", "interrupted", 1)
    # given that it goes on elsewhere
    process = cli.start("resume", first["replay_id"], "--json")
    wait(lambda: find(kafka, first["replay_id"]).status == "running")
    wait(lambda: asked(kafka, videos[:3]) == 2)
    # when an operator cancels it from a third place
    cli("cancel", first["replay_id"], "--reason", "enough")
    ended = json.loads(process.communicate(timeout=30)[0])
    assert (ended["status"], ended["why"], ended["requested"]) == ("cancelled", "enough", 2)
    # then it cannot go on
    cli("resume", first["replay_id"], status=65)


def test_a_drop_that_others_decided_is_heard(kafka: str, producer: EventProducer, videos: list[str]) -> None:
    # given one who follows the results of a replay
    replay, heard = ids.fresh(), list[Any]()
    shown = histories(kafka, videos[:1])[videos[0]].revisions[1].published
    assert shown is not None
    mine = root(shown, source="/test", event_id=replay)
    with Follower(kafka, "video-events") as facts:
        # when a result of it comes, something else, and a drop that goes back to another cause
        dropped = RevisionDropped(video_id=videos[0], revision=2, ts_us=now_us(), by="revisions")
        decided = root(dropped, source="/test")
        producer.publish_all([(one, None) for one in (mine, root(shown, source="/test"), decided)])
        # then the result and the drop are heard
        wait(lambda: heard.extend(one.envelope.id for one in facts.of(replay, *UNWANTED)) or len(heard) >= 2)
    assert heard == [mine.id, decided.id]


def asked(kafka: str, videos: list[str]) -> int:
    return sum(2 in one.revisions for one in histories(kafka, videos).values())


def wait(ready: Any, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def group_offsets(kafka: str) -> dict[str, Any]:
    """What every consumer group has committed."""
    admin = AdminClient({"bootstrap.servers": kafka})
    names = [group.group_id for group in admin.list_consumer_groups().result(10).valid]
    found = {}
    for name in names:
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])[name].result(10)
        found[name] = sorted((one.topic, one.partition, one.offset) for one in asked.topic_partitions or ())
    return found


def offsets(kafka: str) -> dict[str, int]:
    """How many records the topics hold that a plan might have written to."""
    from infra.contracts.slices import Slice

    found = {}
    for topic in ("prompts", "video-events", "replays", "script-tasks"):
        with Slice(kafka, topic) as records:
            found[topic] = records.total
    return found
