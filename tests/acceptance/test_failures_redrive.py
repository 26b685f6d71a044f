"""A video whose task died is completed once an operator mends the task and sends it back."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from infra.deadletters.letters import Letter, read_letters
from infra.kafka.producer import EventProducer
from infra.supervisor.private import PrivateSystem
from schemas import ids
from schemas.base import now_us
from schemas.envelope import caused_by, root
from schemas.prompts import PromptSubmitted
from schemas.scripts import Scene, Script
from schemas.values import Lane, Origin
from schemas.videos import ScriptWritten
from schemas.works import Cost
from tests.acceptance.waiting import until

pytestmark = pytest.mark.timeout(300)


def found(system: PrivateSystem, consumer: str, video: str) -> list[Letter]:
    """The letters of a video that nobody has decided about."""
    every = read_letters(system.kafka, [consumer])
    return [one for one in every if one.decided is None and one.value["video_id"] == video]


def mend(system: PrivateSystem, letter: Letter) -> None:
    value = json.dumps(letter.value | {"flavor": "default"})
    ended = system.cli("dead", "edit", letter.id, "--value", value, "--why", "a test", "--json")
    assert ended.returncode == 0, ended.stderr


def mended(system: PrivateSystem, video: str) -> bool:
    """No assembly lies dead any more."""
    for letter in found(system, "assembly-worker", video):
        mend(system, letter)
    return True


def status(system: PrivateSystem, video: str) -> str:
    answer = httpx.get(f"{system.api_url}/v1/videos/{video}", timeout=10)
    return str(answer.json().get("status")) if answer.is_success else ""


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
    failed = until(lambda: two if len(two := found(system, "scene-worker", video)) == 2 else None)
    until(lambda: status(system, video) == "failed" or None)
    # and an operator mends them, and then the assembly
    for letter in failed:
        mend(system, letter)
    # then it is complete
    until(lambda: (mended(system, video) and status(system, video) == "published") or None)
