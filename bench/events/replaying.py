"""A replay: how fast the log is read for it, and how fast revisions are asked for when nothing holds it back."""

from __future__ import annotations

import time

from bench.progress import say
from bench.report import Figure
from infra.kafka.producer import EventProducer
from infra.kafka.stretch import Stretch
from producers.replay.history import History
from producers.replay.journal import Told
from producers.replay.log import TOPICS, histories
from producers.replay.runner import Runner
from producers.replay.state import ReplayState
from schemas import base, ids
from schemas.prompts import Changes
from schemas.replays import ReplayStarted, Selection
from schemas.works import Cost

#: Videos whose story is read from the log, and that are then asked for again.
VIDEOS = 500
#: The most that a replay may be told to ask for in a second.
RATE = 10_000.0


def figures(kafka: str) -> list[Figure]:
    """On the log of the rebuild."""
    with Stretch(kafka) as log:
        records = sum(end - first for first, end in log.ranges(TOPICS).values())
    began = time.perf_counter()
    found = histories(kafka, [f"10000000-0000-4000-8000-{number:012x}" for number in range(VIDEOS)])
    read = records / (time.perf_counter() - began)
    say(f"replay: {records:,} records read, {read:,.0f}/s")
    asked = _ask(kafka, list(found.values()))
    say(f"replay: {VIDEOS} revisions asked for, {asked:,.0f}/s")
    return [
        Figure(name="replay, reading the log for 500 videos", value=read, unit="records/s",
               against=f"{records:,} records of prompts and video-events"),
        Figure(name="replay, revisions asked for without a limit", value=asked, unit="revisions/s",
               against="each acknowledged before the next, so that none is asked for twice"),
    ]  # fmt: skip


def _ask(kafka: str, videos: list[History]) -> float:
    replay = ids.fresh()
    event = ReplayStarted(
        replay_id=replay, ts_us=base.now_us(), operator="bench", reason="a bench", selection=Selection(),
        regenerate=True, changes=Changes(voice="en-gb"), rate=RATE, records=len(videos), videos=len(videos),
        estimate=Cost(),
    )  # fmt: skip
    producer = EventProducer(kafka, "bench-replay")
    runner = Runner(ReplayState(started=event, last_us=event.ts_us), Told(producer), at_once=len(videos) + 1)
    began = time.perf_counter()
    ended = runner.run(videos)
    seconds = time.perf_counter() - began
    producer.close()
    if ended.requested != len(videos):
        raise RuntimeError(f"{ended.requested} of {len(videos)} revisions were asked for")
    return len(videos) / seconds
