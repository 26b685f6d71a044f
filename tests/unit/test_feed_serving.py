"""Serving feeds over the read model: freshness, what is remembered, what is told."""

from __future__ import annotations

import asyncio

import pytest

from infra.errors import BadInputError, UnavailableError
from query_api import serving, watchers, window
from query_api.cursors import REMEMBERED, Cursor, Cursors
from query_api.feed import UPCOMING
from query_api.readmodel.memory import Cell
from query_api.readmodel.model import ReadModel, Seen
from query_api.serving import Feed
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.feeds import FeedServed, InterestChanged
from schemas.swipes import Action, SwipeRecorded
from schemas.videos import RevisionPromoted, VideoWithdrawn
from tests.unit.read_kit import DownStore, FakePublisher, apply, published

CURSORS = Cursors(b"k" * 32)


class World:
    def __init__(self) -> None:
        self.store, self.publisher = DownStore(), FakePublisher()
        self.restart()

    def restart(self) -> None:
        """Another process, or this one after a restart."""
        self.feed = Feed(ReadModel(self.store), self.publisher)

    def publish(self, *names: str, age_us: int = 0, **changes: object) -> None:
        now = now_us() - 1_000_000 - age_us
        apply(self.store, [published(ids.video_id(name), now + n, **changes) for n, name in enumerate(names)])

    def project(self) -> None:
        """The projector catches up with what was published."""
        apply(self.store, self.publisher.sent)

    async def walk(self, viewer: str = "anna", limit: int = 5) -> list[str]:
        """One whole walk."""
        videos, cursor = [], None
        while page := await self.feed.serve(viewer, limit, cursor):
            choices, cursor = page
            if not choices:
                return videos
            videos += [choice.item.video_id for choice in choices]
        return videos


def named(*names: str) -> list[str]:
    return [ids.video_id(name) for name in names]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # Everything is read again for each request: what is cached has tests of its own.
    monkeypatch.setattr(window, "FRESH_S", 0.0)
    monkeypatch.setattr(window, "STALE_S", 0.0)
    monkeypatch.setattr(watchers, "FRESH_S", 0.0)
    monkeypatch.setattr(watchers, "STALE_S", 0.0)
    monkeypatch.setattr(watchers, "PAST_S", 0.0)
    return World()


async def test_a_walk_serves_every_video_once_and_ends(world: World) -> None:
    world.publish(*"abcdefghijkl")
    assert sorted(await world.walk()) == sorted(named(*"abcdefghijkl"))


async def test_an_answer_is_told_as_an_event_with_what_would_come_next(world: World) -> None:
    world.publish(*[str(n) for n in range(30)])
    await world.feed.serve("anna", 5, None)
    (told,) = world.publisher.of(FeedServed)
    assert [item.position for item in told.items] == [0, 1, 2, 3, 4]
    assert len(told.upcoming) == UPCOMING
    assert not {item.video_id for item in told.items} & set(told.upcoming)


async def test_an_empty_feed_is_told_too_because_the_viewer_is_there(world: World) -> None:
    await world.feed.serve("anna", 5, None)
    (told,) = world.publisher.of(FeedServed)
    assert told.items == () and told.upcoming == ()


async def test_two_requests_at_once_get_different_videos(world: World) -> None:
    world.publish(*"abcdefgh")
    _, cursor = await world.feed.serve("anna", 2, None)
    pages = await asyncio.gather(*(world.feed.serve("anna", 2, cursor) for _ in range(3)))
    videos = [choice.item.video_id for choices, _ in pages for choice in choices]
    assert len(videos) == len(set(videos)) == 6


async def test_a_walk_goes_on_in_another_process_before_the_projector_has_seen_it(world: World) -> None:
    world.publish(*"abcd")
    first, cursor = await world.feed.serve("anna", 2, None)
    world.restart()
    second, _ = await world.feed.serve("anna", 2, CURSORS.read(CURSORS.sign(cursor, "anna"), "anna"))
    assert not {one.item.video_id for one in first} & {one.item.video_id for one in second}


async def test_a_new_walk_leaves_out_what_was_swiped_and_repeats_what_was_only_served(world: World) -> None:
    # given a walk through everything, in which one video was watched
    world.publish(*"abc")
    await world.walk()
    world.project()
    swipe = SwipeRecorded(viewer_id="anna", video_id=ids.video_id("b"), action=Action.WATCHED, ts_us=now_us())
    apply(world.store, [root(swipe, source="/test")])
    # when the viewer comes back, to another process
    world.restart()
    # then the one that was watched is gone
    assert sorted(await world.walk()) == sorted(named("a", "c"))


async def test_a_swipe_counts_before_the_projector_has_seen_it(world: World) -> None:
    world.publish("a", "b")
    world.feed.viewers.known("anna").note_swiped(dict.fromkeys(named("a"), now_us()))
    assert await world.walk() == named("b")


async def test_interests_lead(world: World) -> None:
    world.publish("a", "b", subject="Cats")
    world.publish("c", "d", subject="dogs")
    likes = InterestChanged(viewer_id="anna", ts_us=now_us(), interests={"CATS ": 2.0})
    apply(world.store, [root(likes, source="/test")])
    walk = await world.walk()
    assert set(walk[:2]) == set(named("a", "b")) and set(walk[2:]) == set(named("c", "d"))
    assert set((await world.walk("bob"))[:2]) == set(named("c", "d"))


async def test_what_was_made_for_a_viewer_comes_first_even_when_it_is_old(world: World) -> None:
    world.publish("old", age_us=8 * 86_400_000_000, viewer_id="anna")
    world.publish(*"abc")
    assert (await world.walk())[0] == ids.video_id("old")


async def test_what_is_withdrawn_leaves_the_feed(world: World) -> None:
    world.publish("a", "b", viewer_id="anna")
    gone = VideoWithdrawn(video_id=ids.video_id("a"), ts_us=now_us(), reason="r", by="o")
    apply(world.store, [root(gone, source="/test")])
    assert await world.walk() == named("b")


async def test_a_withdrawal_is_of_the_video_up_to_the_revision_that_it_names(world: World) -> None:
    # given a video whose second revision viewers see
    world.publish("a", "b", viewer_id="anna")
    first = published(ids.video_id("a"), now_us(), viewer_id="anna").data
    shown = first.model_dump() | {"ts_us": now_us(), "listed_us": first.ts_us, "by": "o"}
    apply(world.store, [root(RevisionPromoted(**shown | {"revision": 2}), source="/test")])
    # when what is withdrawn is older, it stays; when all revisions so far are, it goes, until a newer one is promoted
    for revision, left in ((1, named("a", "b")), (3, named("b"))):
        gone = VideoWithdrawn(video_id=ids.video_id("a"), revision=revision, ts_us=now_us(), reason="r", by="o")
        apply(world.store, [root(gone, source="/test")])
        assert sorted(await world.walk()) == sorted(left)
    apply(world.store, [root(RevisionPromoted(**shown | {"revision": 4, "ts_us": now_us()}), source="/test")])
    assert sorted(await world.walk()) == sorted(named("a", "b"))


async def test_a_card_that_cannot_be_read_does_not_end_the_feed(world: World) -> None:
    world.publish("a", "b")
    for row in world.store.tables["feed_global"].values():
        if row["video_id"].value == ids.video_id("a"):
            row["card"] = Cell(row["card"].stamp, "{}", 0)
    assert await world.walk() == named("b")


async def test_videos_of_several_weeks_are_found(world: World) -> None:
    for week in range(4):
        world.publish(f"w{week}", age_us=week * 7 * 86_400_000_000)
    assert await world.walk() == named("w0", "w1", "w2", "w3")


async def test_without_the_store_the_feed_says_so(world: World) -> None:
    world.publish("a")
    world.store.down = True
    with pytest.raises(UnavailableError):
        await world.feed.serve("anna", 5, None)
    # and goes on when it is back
    world.store.down = False
    assert await world.walk() == named("a")


async def test_a_store_that_answers_slowly_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a store that answers every query within its time, and far too late all in all
    world.publish("a")
    monkeypatch.setattr(serving, "WAIT_S", 0.2)
    fetch = world.store.fetch

    async def slow(query: str, values: dict[str, object]) -> object:
        await asyncio.sleep(0.05)
        return await fetch(query, values)

    world.store.fetch = slow  # type: ignore[method-assign, assignment]
    started = asyncio.get_running_loop().time()
    with pytest.raises(UnavailableError):
        await world.feed.serve("anna", 5, None)
    assert asyncio.get_running_loop().time() - started < 0.4


async def test_what_a_request_began_to_read_is_there_for_the_next_though_it_gave_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a store that holds back what it answers of a viewer
    world.publish("a")
    await world.feed.serve("berta", 5, None)
    monkeypatch.setattr(serving, "WAIT_S", 0.05)
    fetch, answers, asked = world.store.fetch, asyncio.Event(), []

    async def held(query: str, values: dict[str, object]) -> object:
        if "anna" in values.values():
            asked.append((query, *values.values()))
            await answers.wait()
        return await fetch(query, values)

    world.store.fetch = held  # type: ignore[method-assign, assignment]
    # when requests come, and each gives up
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await world.feed.serve("anna", 5, None)
    # then they have read once between them, and what comes late is not thrown away
    assert asked and len(asked) == len(set(asked))
    reading = world.feed.viewers.known("anna").reading
    answers.set()
    assert reading is not None
    await asyncio.wait_for(reading, 30)
    monkeypatch.setattr(watchers, "STALE_S", 30.0)
    monkeypatch.setattr(window, "STALE_S", 30.0)
    world.store.down = True
    choices, _ = await world.feed.serve("anna", 5, None)
    assert [choice.item.video_id for choice in choices] == named("a")


async def test_without_the_broker_the_feed_is_served_all_the_same(world: World) -> None:
    world.publish("a")
    world.publisher.down = True
    assert await world.walk() == named("a")


async def test_a_new_video_is_found_without_reading_everything_again(world: World) -> None:
    world.publish("a")
    await world.feed.serve("anna", 5, None)
    asked: list[tuple[str, object]] = []
    fetch = world.store.fetch

    async def watched(query: str, values: dict[str, object]) -> object:
        asked.append((query, values.get("after_us")))
        return await fetch(query, values)

    world.store.fetch = watched  # type: ignore[method-assign, assignment]
    world.publish("b")
    assert (await world.walk("bob"))[0] == ids.video_id("b")
    assert [after for query, after in asked if query == "published"].count(0) == 0


async def test_requests_are_answered_from_memory_while_the_newest_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "FRESH_S", 0.0)
    world = World()
    world.publish("a")
    await world.feed.serve("anna", 5, None)
    world.publish("b")
    # given that the window is a moment old, the answer does not wait for its refresh
    assert await world.walk("bob") != named("b", "a")
    await asyncio.sleep(0.05)
    assert await world.walk("carl") == named("b", "a")


async def test_who_was_here_lately_does_not_wait_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "FRESH_S", 0.0)
    world = World()
    world.publish("a", "b", subject="cats")
    world.publish("c", "d", subject="dogs")
    assert (await world.walk("anna"))[0] == ids.video_id("d")
    # when the store learns something new
    likes = InterestChanged(viewer_id="anna", ts_us=now_us(), interests={"cats": 2.0})
    apply(world.store, [root(likes, source="/test")])
    # then the next answer is given at once, and the one after it knows
    await world.feed.serve("anna", 5, None)
    await asyncio.sleep(0.01)
    assert (await world.walk("anna"))[0] == ids.video_id("b")
    # and an outage that passes in between is not noticed
    world.store.down = True
    assert len(await world.walk("anna")) == 4
    await asyncio.sleep(0.01)
    world.store.down = False
    assert len(await world.walk("anna")) == 4


@pytest.mark.parametrize("text", ["", "x", "e30", "ä", "A" * 4000, "bnVsbA==", "Ag" + "A" * 10, "+/"])
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        CURSORS.read(text, "anna")


def test_a_cursor_survives_the_journey() -> None:
    cursor = Cursor(7).after(named("a", "b"))
    assert CURSORS.read(CURSORS.sign(cursor, "anna"), "anna") == cursor


def test_a_cursor_is_good_for_its_own_viewer_and_installation_alone() -> None:
    signed = CURSORS.sign(Cursor(7).after(named("a", "b")), "anna")
    flipped = ("B" if signed[4] == "A" else "A").join((signed[:4], signed[5:]))
    for cursors, text, viewer in (
        (CURSORS, signed, "bob"),
        (Cursors(b"x" * 32), signed, "anna"),
        (CURSORS, flipped, "anna"),
    ):
        with pytest.raises(BadInputError):
            cursors.read(text, viewer)


def test_a_cursor_remembers_what_was_served_lately_and_stays_short() -> None:
    cursor = Cursor(now_us())
    for page in range(30):
        cursor = cursor.after(named(f"{page}-a", f"{page}-b", f"{page}-c"))
    assert cursor.last[0] == named("29-a")[0][:18] and len(cursor.last) == REMEMBERED
    assert len(CURSORS.sign(cursor, "anna")) < 600


async def test_what_a_process_did_itself_is_kept_only_until_the_tables_have_it() -> None:
    # Given several swipes in one request, each with a time of its own
    viewer, now = watchers.Viewer("anna"), now_us()
    swiped = {video: now + n for n, video in enumerate(named("a", "b", "c"))}
    viewer.note_swiped(swiped)
    # When the tables have them, this week's and last week's
    written = {video: Seen(swiped_us=ts_us) for video, ts_us in swiped.items()}
    viewer.past, this_week = dict(list(written.items())[:1]), dict(list(written.items())[1:])
    viewer.read(this_week, {})
    # Then nothing is held twice, however long the viewer stays
    assert viewer.own == {}
    assert viewer.seen == written
