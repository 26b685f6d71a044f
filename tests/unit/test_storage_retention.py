"""Retention: what the log needs is never taken, whatever the order of its events; the rest goes after its grace."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.workshop import CacheKind
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from infra.storage.retention import US, Needs
from infra.storage.sweep import Sweeper
from schemas import ids
from schemas.base import Message
from schemas.footage import FootageKind
from schemas.projects import Idea, ProjectClosed, ProjectOpened, RenderOrdered
from schemas.scripts import Scene, Script
from schemas.takes import Regeneration
from schemas.uploads import MediaRemoved, MediaUploaded
from schemas.values import Artifact, Format, Origin
from schemas.videos import RevisionDropped, SceneRendered, Stage, VideoFailed, VideoPublished, VideoWithdrawn
from schemas.viewers import ViewerForgotten
from schemas.works import Cost
from tests.unit.test_script_memory import shop

DAY = 86_400 * US
PROJECT = ids.fresh()


def art(letter: str, suffix: str = "mp4") -> Artifact:
    return Artifact(sha256=letter * 64, suffix=suffix, media_type="x/y", size=3)


def video(name: str) -> str:
    return ids.video_id(name)


def published(name: str, letter: str, at: int = DAY, revision: int = 1) -> tuple[Message, set[str]]:
    event = VideoPublished(
        video_id=video(name), revision=revision, ts_us=at, title="t", subject="s", archetype="list", flavor="default",
        origin=Origin.API, video=art(letter), cover=art(letter, "jpg"), duration_ms=1, format=Format.PORTRAIT,
        scene_count=1, cost=Cost(), total_cost=Cost(),
    )  # fmt: skip
    return event, {art(letter).name, art(letter, "jpg").name}


def rendered(name: str, letter: str, at: int = DAY) -> tuple[Message, set[str]]:
    event = SceneRendered(
        video_id=video(name), ts_us=at, scene_id=ids.fresh(), scene_number=1, scene_count=1, clip=art(letter),
        audio=None, words=(), duration_ms=1, backend="b", model="m", look="l", seed=1, code="c", cost=Cost(),
    )  # fmt: skip
    return event, {art(letter).name}


def withdrawn(name: str, at: int) -> tuple[Message, set[str]]:
    return VideoWithdrawn(video_id=video(name), ts_us=at, reason="r", by="b"), set()


def dropped(name: str, at: int, revision: int = 1) -> tuple[Message, set[str]]:
    return RevisionDropped(video_id=video(name), revision=revision, ts_us=at, by="ann"), set()


def needs(*events: tuple[Message, set[str]]) -> Needs:
    found = Needs()
    for event, names in events:
        found.learn(event, names)
    return found


def test_what_viewers_may_see_is_hot_for_ever_and_its_parts_are_kept_for_a_while() -> None:
    found = needs(rendered("v", "a"), published("v", "b"))
    assert found.hot() == {art("b").name, art("b", "jpg").name}
    assert found.kept(now_us=20 * DAY, keep_s=30 * 86_400) == {art("a").name}
    assert found.kept(now_us=40 * DAY, keep_s=30 * 86_400) == set()


def test_a_withdrawn_video_needs_nothing_until_it_is_published_again() -> None:
    gone = (rendered("v", "a"), published("v", "b"), withdrawn("v", 2 * DAY))
    assert needs(*gone).hot() == set() and needs(*gone).kept(2 * DAY, 30 * 86_400) == set()
    assert art("c").name in needs(*gone, published("v", "c", 3 * DAY, revision=2)).hot()


def test_a_candidate_that_is_dropped_is_served_to_nobody_and_one_that_is_promoted_later_is() -> None:
    first, second = published("v", "a"), published("v", "b", 2 * DAY, 2)
    assert needs(first, second, dropped("v", 3 * DAY, 2)).hot() == first[1]
    assert needs(first, second, dropped("v", 3 * DAY, 2), published("v", "b", 4 * DAY, 2)).hot() == first[1] | second[1]
    # a first one that was published before its work could be stopped is seen
    assert needs(first, dropped("v", 2 * DAY)).hot() == first[1]


def test_what_is_being_made_is_kept_and_what_failed_is_not() -> None:
    failed = VideoFailed(
        video_id=video("f"), ts_us=DAY, stage=Stage.SCENE, error="e", reason="r", origin=Origin.API, viewer_id=None
    )
    found = needs(rendered("made", "a"), rendered("f", "b"), (failed, set()))
    assert found.kept(2 * DAY, 30 * 86_400) == {art("a").name}


def test_an_open_project_keeps_all_of_its_own_and_of_its_video() -> None:
    idea, scene = Idea(text="x"), Scene(scene_number=1, beat="hook", narration="x", visuals="x", duration_s=1)
    script = Script(title="t", subject="s", archetype="list", scenes=(scene,))
    common = {"project_id": PROJECT, "viewer_id": "ann", "ts_us": 1}
    opened = ProjectOpened(**common, version=1, idea=idea), {art("1").name}
    ordered = RenderOrdered(
        **common, version=2, video_id=video("p"), revision=1, idea=idea, script=script,
        regeneration=Regeneration(base_revision=1),
    )  # fmt: skip
    events = (opened, (ordered, set()), rendered("p", "2"))
    assert needs(*events).hot() == {art("1").name, art("2").name}
    closed = ProjectClosed(**common, version=3)
    assert needs(*events, (closed, set())).hot() == set()


def test_what_a_dropped_revision_of_an_open_project_was_made_of_goes_after_a_while() -> None:
    name, month = ids.project_video(PROJECT), 30 * 86_400
    opened = ProjectOpened(
        project_id=PROJECT, version=1, viewer_id="ann", ts_us=DAY, idea=Idea(text="cats"), voice=None
    )
    scene = Scene(scene_number=1, beat="hook", narration="n", visuals="v", duration_s=4)
    script = Script(title="t", subject="s", archetype="list", scenes=(scene,))
    ordered = RenderOrdered(
        project_id=PROJECT, version=2, viewer_id="ann", ts_us=DAY, video_id=name, revision=1, idea=opened.idea,
        script=script, regeneration=Regeneration(base_revision=1),
    )  # fmt: skip

    def clip(letter: str, revision: int) -> tuple[Message, set[str]]:
        event, names = rendered("v", letter)
        return event.model_copy(update={"video_id": name, "revision": revision}), names

    drop = RevisionDropped(video_id=name, ts_us=DAY + 1, by="revisions", overtaken_by=2)
    both = [(opened, set()), (ordered, set()), clip("a", 1), clip("b", 1), clip("b", 2)]
    # before, all of an open project is kept; then what the second revision shares alone, and the rest for a while
    assert needs(*both).hot() == {art("a").name, art("b").name}
    found = needs(*both, (drop, set()))
    assert found.hot() == {art("b").name}
    assert art("a").name in found.kept(20 * DAY, month) and art("a").name not in found.kept(40 * DAY, month)
    # what was published all the same is an open project's like any other
    made, names = published("v", "c")
    late = made.model_copy(update={"video_id": name}), names
    assert art("a").name in needs(*both, (drop, set()), late).hot()


def test_uploads_stay_until_their_creator_takes_them_back() -> None:
    up = MediaUploaded(
        upload_id=ids.fresh(), viewer_id="ann", ts_us=5, artifact=art("d"), kind=FootageKind.IMAGE, width=1, height=1
    )
    down = MediaRemoved(upload_id=up.upload_id, viewer_id="ann", ts_us=6, sha256="d" * 64)
    assert needs((up, set())).hot() == {art("d").name}
    assert needs((up, set()), (down, set())).hot() == needs((down, set()), (up, set())).hot() == set()


def test_of_a_creator_who_was_erased_nothing_is_kept_but_what_viewers_may_see() -> None:
    # Given an upload, an open project and a published video
    up = MediaUploaded(
        upload_id=ids.fresh(), viewer_id="ann", ts_us=5, artifact=art("d"), kind=FootageKind.IMAGE, width=1, height=1
    )
    opened = ProjectOpened(project_id=PROJECT, version=1, viewer_id="ann", ts_us=6, idea=Idea(text="x"))
    events = ((up, set()), (opened, {art("e").name}), published("v", "f"))
    assert needs(*events).hot() == {art("d").name, art("e").name, *published("v", "f")[1]}
    # When the creator is erased, and nobody is left who could delete or close them
    erased = ViewerForgotten(viewer_id="ann", ts_us=7, since_us=1, until_us=8, by="op"), set[str]()
    # Then they go, whatever is read first
    assert needs(*events, erased).hot() == needs(erased, *events).hot() == published("v", "f")[1]


EVENTS = [
    rendered("v", "a"), published("v", "b"), withdrawn("v", 2 * DAY), published("v", "c", 3 * DAY, 2),
    rendered("w", "d"), published("w", "e"), withdrawn("w", 2 * DAY), rendered("x", "f"),
    dropped("y", 3 * DAY, 2), published("y", "8", 2 * DAY, 2),
    published("y", "9", 4 * DAY, 3), dropped("y", 3 * DAY, 3),
]  # fmt: skip


@given(st.permutations(EVENTS), st.integers(0, 40))
def test_the_order_of_the_log_and_copies_in_it_change_nothing(events: list[tuple[Message, set[str]]], day: int) -> None:
    straight, shuffled = needs(*EVENTS), needs(*events, *events)
    assert shuffled.hot() == straight.hot() and shuffled.kept(day * DAY, 86_400 * 5) == straight.kept(
        day * DAY, 86_400 * 5
    )


def old(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def test_a_sweep_takes_what_nothing_needs_and_a_rehearsal_takes_nothing(tmp_path: Path) -> None:
    # Given a file of each kind, all old but one, and what broken writes leave behind
    store = LocalBlobStore(tmp_path / "media")
    hot, kept, young, gone = (store.put_bytes(text * 10, "wav") for text in (b"h", b"k", b"y", b"g"))
    for each in (hot, kept, gone):
        old(store.path(each.name), 9000)
    broken, fresh = (store.path(gone.name).parent / name for name in ("tmpabc", "tmpdef"))
    for path in (broken, fresh):
        path.write_bytes(b"half")
    old(broken, 9000)
    sweeper = Sweeper(media=store, index=LocalArtifactIndex(tmp_path / "artifacts"), grace_s=3600)
    # When
    rehearsed = sweeper.sweep({hot.name}, {kept.name}, dry_run=True)
    assert store.exists(gone) and broken.exists()
    swept = sweeper.sweep({hot.name}, {kept.name}, dry_run=False)
    # Then
    assert (swept.hot, swept.kept, swept.young, swept.purged, swept.leftovers) == (1, 1, 1, 1, 1)
    assert (swept.freed_bytes, swept.leftover_bytes, swept.names) == (10, 4, [gone.name])
    assert [store.exists(each) for each in (hot, kept, young, gone)] == [True, True, True, False]
    assert fresh.exists() and not broken.exists()
    assert rehearsed.json() | {"dry_run": False} == swept.json()


def test_what_is_used_again_is_young_again(tmp_path: Path) -> None:
    store = LocalBlobStore(tmp_path / "media")
    first = store.put_bytes(b"same", "wav")
    old(store.path(first.name), 9000)
    assert store.put_bytes(b"same", "wav") == first and store.hold(first)
    assert time.time() - store.path(first.name).stat().st_mtime < 60
    sweeper = Sweeper(media=store, index=LocalArtifactIndex(tmp_path / "artifacts"), grace_s=3600)
    assert sweeper.sweep((), (), dry_run=False).young == 1


def test_caches_answer_for_the_time_of_their_kind_and_are_swept_after_it(tmp_path: Path) -> None:
    where = shop(tmp_path)
    now = int(time.time())
    where.remember("aa" + "0" * 62, art("a"), CacheKind.SCRIPT)
    where.remember("bb" + "0" * 62, art("b"), CacheKind.VOICE)
    where.remember("cc" + "0" * 62, art("c"))
    kept = [where.index.get(letter * 2 + "0" * 62) for letter in "abc"]
    days = [round((entry["until"] - now) / 86_400) for entry in kept if entry]
    assert days == [1, 7, 30]
    # A month and a day later all but the last are gone
    sweeper = Sweeper(media=where.blobs, index=where.index, grace_s=0, clock=lambda: time.time() + 29 * 86_400)
    assert sweeper.sweep((), (), dry_run=False).expired == 2
    assert [where.index.get(letter * 2 + "0" * 62) is None for letter in "abc"] == [True, True, False]
