"""The checker: what must be true of a history. Pure: each check takes it and says what is wrong with it, or nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from processors.interests import learn
from query_api.projections.positions import NAME
from query_api.projections.project import Place, project
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.tables import KEYS
from schemas import ids
from schemas.feeds import InterestChanged
from schemas.progress import RenderProgress
from schemas.prompts import PromptSubmitted
from schemas.swipes import SwipeRecorded
from schemas.videos import (
    PromptAccepted,
    PromptRejected,
    SceneRendered,
    Stage,
    VideoFailed,
    VideoPublished,
)
from tests.chaos.history import History, Log, Tables

#: Examples that a verdict shows.
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One check: how much it looked at, and what is wrong."""

    name: str
    looked_at: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def detail(self) -> str:
        """What is wrong, in short."""
        more = f" … and {len(self.wrong) - SHOWN} more" if len(self.wrong) > SHOWN else ""
        return "; ".join(self.wrong[:SHOWN]) + more


def check(history: History) -> list[Verdict]:
    """Every check, in the order of the promises."""
    return [each(history) for each in CHECKS]


def videos_by(log: Log, kind: type) -> set[str]:
    """The videos that have an event of a kind."""
    return {one.envelope.data.video_id for one in log.facts if isinstance(one.envelope.data, kind)}  # type: ignore[attr-defined]


def at_rest(history: History) -> Verdict:
    """It came to rest in time, every client got what it asked for, and no answer was an error of ours."""
    wrong = [history.restless] if history.restless else []
    wrong += [*history.told.given_up, *history.told.wrong]
    total = sum(history.told.answers.values())
    return Verdict(name="every request succeeds in the end", looked_at=f"{total} answers", wrong=tuple(wrong))


def kept(history: History) -> Verdict:
    """What a client was told is taken is in the log."""
    log = history.log
    prompts = videos_by(log, PromptSubmitted)
    swipes = {one.envelope.id for one in log.facts if isinstance(one.envelope.data, SwipeRecorded)}
    told = history.told
    wrong = [f"prompt of video {video} is not in the log" for video in sorted(told.prompts - prompts)]
    wrong += [
        f"swipe {swipe_id} of {viewer} is not in the log"
        for viewer, swipe_id in sorted(told.swipes)
        if ids.derive(f"{history.known_as.get(viewer, viewer)}/{swipe_id}", "swipe") not in swipes
    ]
    looked_at = f"{len(told.prompts)} prompts, {len(told.swipes)} swipes"
    return Verdict(name="nothing acknowledged is lost", looked_at=looked_at, wrong=tuple(wrong))


def accounted(history: History) -> Verdict:
    """submitted = accepted + rejected, and accepted = published + failed + dead."""
    log = history.log
    submitted, accepted, rejected = (videos_by(log, kind) for kind in (PromptSubmitted, PromptAccepted, PromptRejected))
    published, failed = videos_by(log, VideoPublished), videos_by(log, VideoFailed)
    dead = {one.video_id for one in log.dead if one.video_id}
    wrong = [f"video {video} was neither accepted nor rejected" for video in sorted(submitted - accepted - rejected)]
    wrong += [f"video {video} was accepted and rejected" for video in sorted(accepted & rejected)]
    wrong += [f"video {video} was never asked for" for video in sorted((accepted | published) - submitted)]
    wrong += [f"video {video} is lost" for video in sorted(accepted - published - failed - dead)]
    failed -= published
    dead = (dead & accepted) - published - failed
    looked_at = f"{len(accepted)} accepted = {len(published)} published + {len(failed)} failed + {len(dead)} dead"
    return Verdict(name="accepted = published + failed + dead", looked_at=looked_at, wrong=tuple(wrong))


#: Who puts a record aside that nobody can read, by topic.
READERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("prompts", "swipes", "video-events", "feed-events"), ("processors", "projector")),
    "script-tasks": ("script-worker",),
    **dict.fromkeys(("scene-tasks.interactive", "scene-tasks.prefetch"), ("scene-worker",)),
    "assembly-tasks": ("assembly-worker",),
}


def put_aside(history: History) -> Verdict:
    """A record that nobody can read is a dead letter of each of its readers; nothing that can be read is one."""
    places = history.log.unreadable
    found = {(one.consumer, one.topic, one.partition, one.offset) for one in history.log.dead}
    expected = {(reader, *place) for place in places for reader in READERS[place[0]]}
    wrong = [f"{' '.join(map(str, one))} was not put aside" for one in sorted(expected - found)]
    wrong += [f"{' '.join(map(str, one))} was put aside" for one in sorted(found - expected)]
    wrong += [f"{' '.join(map(str, one))} is not in the log" for one in sorted(history.poisoned - places)]
    return Verdict(name="what cannot be read is put aside", looked_at=f"{len(places)} records", wrong=tuple(wrong))


def views(history: History) -> Verdict:
    """Every row of every table is what the log gives when it is read once, in order, by one process."""
    expected = fold(history.log)
    wrong = [difference for table in KEYS for difference in _differences(table, expected, history.tables)]
    rows = sum(map(len, history.tables.values()))
    return Verdict(name="every view equals the serial fold of the log", looked_at=f"{rows} rows", wrong=tuple(wrong))


def fold(log: Log) -> Tables:
    """The tables as the log alone makes them."""
    store = MemoryStore()
    for one in log.facts:
        store.write(project(one.envelope, Place(one.topic, one.partition, one.raw.offset)))
    tables = {table: {key: _present(cells) for key, cells in rows.items()} for table, rows in store.tables.items()}
    return tables | {"projection_state": {(NAME, *at): {"position": end} for at, end in log.ends.items()}}


def _present(cells: Mapping[str, object]) -> dict[str, object]:
    return {name: cell.value for name, cell in cells.items()}  # type: ignore[attr-defined]


def _differences(table: str, expected: Tables, found: Tables) -> Iterator[str]:
    here, there = expected.get(table, {}), found.get(table, {})
    for key in sorted({*here, *there}, key=str):
        if key not in there:
            yield f"{table} {key} is missing"
        elif key not in here:
            yield f"{table} {key} is not in the fold"
        else:
            # The positions alone are compared with less: their times are those of batches.
            names = here[key] if table == "projection_state" else {*here[key], *there[key]}
            for name in names:
                if here[key].get(name) != there[key].get(name):
                    yield f"{table} {key} {name}: {there[key].get(name)!r} instead of {here[key].get(name)!r}"[:300]


def tastes(history: History) -> Verdict:
    """What each viewer likes is the fold of their swipes, each counted once however often it is in the log."""
    expected, counted = tastes_of(history.log)
    rows = history.tables.get("viewer_interests", {})
    found = {row["viewer_id"]: InterestChanged.model_validate_json(_event(row)).interests for row in rows.values()}
    wrong = [
        f"{viewer} likes {_odd(found.get(viewer, {}), likes)}"
        for viewer, likes in sorted(expected.items())
        if found.get(viewer, {}) != likes
    ]
    return Verdict(name="every swipe counts once", looked_at=f"{counted} swipes", wrong=tuple(wrong))


def tastes_of(log: Log) -> tuple[dict[str, dict[str, float]], int]:
    """The interests of every viewer by the serial fold, and how many different swipes there are."""
    likes: dict[str, dict[str, float]] = {}
    seen: set[str] = set()
    for one in log.facts:
        data = one.envelope.data
        if isinstance(data, SwipeRecorded) and one.envelope.id not in seen:
            seen.add(one.envelope.id)
            likes[data.viewer_id] = learn(likes.get(data.viewer_id, {}), data)
    return {viewer: found for viewer, found in likes.items() if found}, len(seen)


def _event(row: Mapping[str, object]) -> str:
    return f'{{"viewer_id":"x","ts_us":0,"interests":{row["interests"]}}}'


def _odd(found: Mapping[str, float], expected: Mapping[str, float]) -> str:
    names = [name for name in {*found, *expected} if found.get(name) != expected.get(name)]
    name = min(names)
    return f"{name} by {found.get(name)} instead of {expected.get(name)} ({len(names)} subjects differ)"


def feeds(history: History) -> Verdict:
    """No video twice in a walk or in the feed's table; at the end all that is published is there to be seen."""
    published = videos_by(history.log, VideoPublished)
    walks = [*history.told.walks, *history.last_walks]
    wrong = [f"{walk.viewer} was shown {video} twice" for walk in walks for video in _twice(walk.videos)]
    listed = [row["video_id"] for row in history.tables.get("feed_global", {}).values()]
    wrong += [f"{video} stands twice in feed_global" for video in _twice(listed)]
    wrong += [f"{video} is published and not in feed_global" for video in sorted(published - set(listed))]
    wrong += [problem for walk in history.last_walks for problem in _last(walk.viewer, set(walk.videos), history)]
    items = sum(len(walk.videos) for walk in walks)
    return Verdict(
        name="no video twice in any feed, none missing",
        looked_at=f"{len(walks)} walks, {items} items",
        wrong=tuple(wrong),
    )


def _last(viewer: str, shown: set[str], history: History) -> Iterator[str]:
    published, known_as = videos_by(history.log, VideoPublished), history.known_as.get(viewer, viewer)
    swiped = {
        one.envelope.data.video_id
        for one in history.log.facts
        if isinstance(one.envelope.data, SwipeRecorded) and one.envelope.data.viewer_id == known_as
    }
    yield from (f"{viewer} is not shown {video}" for video in sorted(published - swiped - shown))
    yield from (f"{viewer} is shown {video} although they swiped it" for video in sorted(shown & swiped))
    yield from (f"{viewer} is shown {video}, which is not published" for video in sorted(shown - published))


def pushes(history: History) -> Verdict:
    """The gateway tells a client of every video, once, or says that frames are missing."""
    told = history.told
    wrong = [f"{video} was pushed twice" for stretch in told.pushed for video in _twice(stretch)]
    if not told.resyncs:
        missing = videos_by(history.log, VideoPublished) - set(told.pushed[0])
        wrong += [f"{video} was never pushed" for video in sorted(missing)]
    looked_at = f"{sum(map(len, told.pushed))} pushes, {told.connections} connections, {len(told.resyncs)} resyncs"
    return Verdict(name="every video is pushed once", looked_at=looked_at, wrong=tuple(wrong))


def once(history: History) -> Verdict:
    """The same cause makes the same event: copies have the same content, and a video is published by one event.

    Two things may differ: what a client sends again after its answer was lost is stamped anew, and so is what follows
    from it at once; and InterestChanged tells how things stand, which is later when a swipe comes again.
    """
    contents: dict[str, set[str]] = defaultdict(set)
    publications: dict[tuple[str, int], set[str]] = defaultdict(set)
    causes: dict[str, str | None] = {}
    for one in history.log.facts:
        data = one.envelope.data
        causes[one.envelope.id] = one.envelope.causation_id
        if not isinstance(data, InterestChanged):
            contents[one.envelope.id].add(f"{one.envelope.type} {data.model_dump_json()}")
        if isinstance(data, VideoPublished):
            publications[data.video_id, data.revision].add(one.envelope.id)
    various = {event for event, found in contents.items() if len(found) > 1}
    unlike = sorted(event for event in various if causes[event] and causes[event] not in various)
    wrong = [f"{min(contents[event]).split()[0]} {event} has {len(contents[event])} contents" for event in unlike]
    wrong += [f"{video} was published by {len(by)} events" for (video, _), by in publications.items() if len(by) > 1]
    return Verdict(name="the same cause makes the same event", looked_at=f"{len(contents)} events", wrong=tuple(wrong))


def renders(history: History) -> Verdict:
    """No scene is drawn again after it was finished.

    Finished: its first SceneRendered is in the log, stamped `ts_us`. Drawn: a render-progress record of its stage
    `scene` with the fraction 1. Two workers may draw the same scene at the same time (one was taken for dead), and the
    one may finish while the other still draws: that is no second drawing of a finished scene. So a drawing counts as
    one when it ended later than the first SceneRendered by more than the longest drawing of the run took.
    """
    log = history.log
    finished: dict[str, int] = {}
    longest_us = 0
    for one in log.facts:
        data = one.envelope.data
        if isinstance(data, SceneRendered):
            scene = f"{data.video_id}/{data.revision}/{data.scene_number}"
            finished[scene] = min(data.ts_us, finished.get(scene, data.ts_us))
            longest_us = max(longest_us, int(data.cost.wall_seconds * 1e6))
    drawings = drawn(log)
    wrong = [
        f"scene {scene} was drawn again {(ended - finished[scene]) / 1e6:.1f} s after it was finished"
        for scene, ends in sorted(drawings.items())
        for ended in ends
        if scene in finished and ended > finished[scene] + longest_us
    ]
    total, spare = sum(map(len, drawings.values())), sum(len(ends) - 1 for ends in drawings.values())
    return Verdict(
        name="nothing finished is drawn again",
        looked_at=f"{total} drawings of {len(finished)} scenes, {spare} begun again before they were finished",
        wrong=tuple(wrong),
    )


def drawn(log: Log) -> dict[str, list[int]]:
    """When drawings of each scene ended, in microseconds."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for one in log.progress:
        data = one.envelope.data
        if isinstance(data, RenderProgress) and data.stage is Stage.SCENE and data.fraction == 1:
            found[f"{data.video_id}/{data.revision}/{data.scene_number}"][one.envelope.id] = data.ts_us
    return {scene: sorted(ends.values()) for scene, ends in found.items()}


def _twice(items: Iterable[str]) -> list[str]:
    return sorted(item for item, count in Counter(items).items() if count > 1)


CHECKS: tuple[Callable[[History], Verdict], ...] = (
    at_rest, kept, accounted, put_aside, views, tastes, feeds, pushes, once, renders,
)  # fmt: skip
