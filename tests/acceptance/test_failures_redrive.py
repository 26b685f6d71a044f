"""A video whose task died is completed once an operator mends the task and sends it back."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from infra.kafka.producer import EventProducer
from infra.supervisor.private import PrivateSystem
from schemas import ids
from schemas.base import now_us
from schemas.envelope import caused_by, root
from schemas.prompts import PromptSubmitted
from schemas.values import Cost, Lane, Origin, Scene, Script
from schemas.videos import ScriptWritten

pytestmark = pytest.mark.timeout(300)


def dead(system: PrivateSystem, *words: str) -> Any:
    ended = system.cli("dead", *words)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def letters(system: PrivateSystem, consumer: str, video: str, count: int) -> list[dict[str, Any]]:
    """The letters of a video, when there are so many."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = [dead(system, "show", one["id"]) for one in dead(system, "list", "--consumer", consumer, "--json")]
        found = [one for one in found if one["value"]["video_id"] == video]
        if len(found) == count:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no {count} letters of {consumer}")


def mend(system: PrivateSystem, letter: dict[str, Any]) -> None:
    value = json.dumps(letter["value"] | {"flavor": "default"})
    dead(system, "edit", letter["id"], "--value", value, "--why", "a test", "--json")


def status(system: PrivateSystem, video: str) -> str:
    answer = httpx.get(f"{system.api_url}/v1/videos/{video}", timeout=10)
    return str(answer.json().get("status")) if answer.is_success else ""


def until_status(system: PrivateSystem, video: str, wanted: str) -> None:
    deadline, found = time.monotonic() + 120, ""
    while (found := status(system, video)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def test_scenes_and_assembly_that_were_mended_complete_their_video(system: PrivateSystem) -> None:
    # given a script whose flavor nobody knows
    video, now = ids.video_id(f"redrive-{time.time_ns()}"), now_us()
    scenes = tuple(
        Scene(scene_number=number, beat="hook", narration="Cats purr.", visuals="a cat", duration_s=2)
        for number in (1, 2)
    )
    script = Script(title="Cats", subject="cats", archetype="list", scenes=scenes)
    prompt = root(
        PromptSubmitted(video_id=video, text="cats", origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=now),
        source="/test",
    )
    written = ScriptWritten(
        video_id=video, ts_us=now + 2, script=script, writer="test", origin=Origin.PERSON, lane=Lane.INTERACTIVE,
        flavor="nobody-knows", cost=Cost(),
    )  # fmt: skip
    producer = EventProducer(system.kafka, "test")
    producer.publish_all([(caused_by(prompt, written, source="/test", step="written"), None)])
    producer.close()
    # when its scenes have died, and the video with them
    failed = letters(system, "scene-worker", video, 2)
    until_status(system, video, "failed")
    # and an operator mends them, and then the assembly
    for letter in failed:
        mend(system, letter)
    deadline = time.monotonic() + 120
    while (now_is := status(system, video)) != "published" and time.monotonic() < deadline:
        for one in dead(system, "list", "--consumer", "assembly-worker", "--key", video, "--json"):
            mend(system, dead(system, "show", one["id"]))
        time.sleep(0.5)
    # then it is complete
    assert now_is == "published"
