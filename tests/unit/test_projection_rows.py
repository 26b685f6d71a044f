"""What each event writes, and how long it stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.kafka.records import Raw, Received
from query_api.projections.lineage import detail
from query_api.projections.positions import left, positions
from query_api.projections.project import HANDLERS, NAMED, Place, project
from query_api.projections.writing import Projector
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.tables import DAY_S, KEYS, RETENTION_S, WEEK_US, Write, week_of
from schemas import codec, ids
from schemas.base import REGISTRY, Message, now_us
from schemas.envelope import Envelope, root
from schemas.feeds import FeedServed, Impression, Outcome, PrefetchSettled
from schemas.projects import ProjectEvent
from schemas.swipes import Action, SwipeRecorded
from schemas.videos import AnomalyFound, ContentJudged, SceneCommissioned
from schemas.works import Outlier
from tests.unit.read_kit import life, published

VIDEO = ids.video_id("rows")
PLACE = Place("video-events", 3, 42)


def written(event: Message) -> dict[str, Write]:
    return {write.table: write for write in project(root(event, source="/test"), PLACE)}


def received(event: Message, offset: int = 0) -> Received:
    raw = Raw(topic="video-events", partition=0, offset=offset, timestamp_ms=1000, key=b"k", value=b"v", headers=())
    return Received(raw=raw, envelope=root(event, source="/test"))


def test_every_event_of_the_projected_topics_is_handled_or_part_of_a_story() -> None:
    families = {"prompts", "swipes", "video-events", "feed-events", "project-events"}
    events = {model for model in REGISTRY.values() if model.FAMILY in families}
    known = {*HANDLERS, *NAMED, PrefetchSettled, ContentJudged, SceneCommissioned, AnomalyFound}
    assert {model for model in events - known if not issubclass(model, ProjectEvent)} == set()


def test_an_anomaly_stands_in_the_lineage_with_what_is_usual() -> None:
    odd = (
        Outlier(figure="sharpness", value=9.0, typical=310.5, deviations=9.4),
        Outlier(figure="seconds", value=2.25, typical=0.5, deviations=12.0),
    )
    found = AnomalyFound(
        video_id=VIDEO, ts_us=now_us(), scene_id=ids.scene_id(VIDEO, 1, 1), scene_number=1, model="ltx", kind="ltx",
        seen=64, outliers=odd,
    )  # fmt: skip
    assert detail(found) == {"model": "ltx", "odd": "sharpness 9, usual 310.5; seconds 2.25, usual 0.5"}


def test_a_published_video_enters_the_feeds_with_its_card() -> None:
    now = now_us()
    rows = written(published(VIDEO, now, viewer_id="anna").data)
    assert set(rows) == {"videos", "feed_global", "feed_by_viewer", "video_events", "lineage"}
    card = json.loads(str(rows["feed_by_viewer"].cells["card"]))
    assert card["media"]["video"] == f"/media/{'ab' * 32}.mp4"
    assert rows["feed_by_viewer"].partition == ("anna", week_of(now))


def test_a_video_made_for_nobody_is_in_nobodys_own_feed() -> None:
    assert "feed_by_viewer" not in written(published(VIDEO, now_us()).data)


def test_what_is_not_known_is_not_written() -> None:
    for event in life(VIDEO, now_us()):
        for write in project(event, PLACE):
            assert None not in write.cells.values()


def test_every_cell_is_stamped_with_the_time_of_its_event() -> None:
    for event in life(VIDEO, now_us()):
        assert {write.stamp for write in project(event, PLACE)} == {event.data.ts_us}  # type: ignore[attr-defined]


def test_an_impression_and_a_swipe_write_different_cells_of_one_row() -> None:
    now = now_us()
    item = Impression(video_id=VIDEO, position=0, reason="fresh")
    served = written(FeedServed(viewer_id="anna", ts_us=now, items=(item,), policy="p"))["viewer_seen"]
    liked = written(SwipeRecorded(viewer_id="anna", video_id=VIDEO, action=Action.LIKED, ts_us=now + 1))["viewer_seen"]
    assert served.key == liked.key
    assert set(served.cells) & set(liked.cells) == {"viewer_id", "week", "video_id"}
    assert liked.cells["liked"] is True


def test_a_settled_prefetch_is_part_of_the_videos_story_only() -> None:
    rows = written(PrefetchSettled(viewer_id="anna", video_id=VIDEO, outcome=Outcome.READY, ts_us=now_us()))
    assert set(rows) == {"video_events", "lineage"}


def test_a_replay_does_not_lengthen_the_life_of_a_row() -> None:
    # given an event that is ten days old
    now = now_us()
    write = Write("viewer_seen", {}, now - 10 * DAY_S * 1_000_000)
    # then the row gets what is left of its time
    assert write.ttl_s(now) == RETENTION_S["viewer_seen"] - 10 * DAY_S
    # and none at all when that is over
    assert Write("viewer_seen", {}, now - 99 * DAY_S * 1_000_000).ttl_s(now) is None
    assert Write("videos", {}, 0).ttl_s(now) == 0


def test_a_row_whose_time_is_over_is_not_written() -> None:
    store = MemoryStore()
    store.write(project(published(VIDEO, now_us() - 20 * WEEK_US), PLACE))
    assert not store.tables["feed_global"] and store.tables["videos"]


def test_positions_are_stamped_with_themselves_so_that_they_never_go_back() -> None:
    store = MemoryStore()
    store.write(positions({("video-events", 0): 9}))
    store.write(positions({("video-events", 0): 4}))
    assert [row["position"] for row in store.rows("projection_state")] == [9]


def test_what_is_left_is_what_the_log_still_has_behind_the_positions() -> None:
    ranges = {("swipes", 0): (0, 9), ("swipes", 1): (5, 5), ("swipes", 2): (5, 9), ("swipes", 3): (5, 9)}
    # Of a partition whose records are all gone nothing is left, though none was ever read
    assert left({("swipes", 0): 9, ("swipes", 2): 7}, ranges) == {("swipes", 2): (7, 9), ("swipes", 3): (5, 9)}


def test_an_event_from_next_year_is_refused_before_anything_is_written() -> None:
    store = MemoryStore()
    now = now_us()
    with pytest.raises(Exception, match="future"):
        Projector(store).rows([received(published(VIDEO, now).data), received(published(VIDEO, now * 2).data)])
    assert not store.tables["videos"]


def test_the_later_of_two_copies_has_the_greater_place() -> None:
    places = [Place("t", 3, 9), Place("t", 3, 10), Place("t", 3, 100)]
    assert sorted(map(str, places)) == [str(place) for place in places]


def test_the_story_keeps_the_whole_event() -> None:
    event: Envelope[Message] = published(VIDEO, now_us())
    (row,) = (write.cells for write in project(event, PLACE) if write.table == "video_events")
    assert type(event.data).model_validate_json(str(row["payload"])) == event.data
    assert row["correlation_id"] == event.id and "causation_id" not in row


GOLDEN = sorted(path.stem for path in (Path(__file__).parents[1] / "contract/golden").glob("*.json"))


@pytest.mark.parametrize("name", GOLDEN)
def test_nothing_but_writes_comes_of_any_event(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: no socket can be opened and no file be written
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("an effect")

    record = json.loads((Path(__file__).parents[1] / f"contract/golden/{name}.json").read_bytes())
    value = json.dumps(record["value"]).encode()
    envelope = codec.decode(record["topic"], record["key"].encode(), value, record["headers"])
    for effect in ("socket.socket", "builtins.open", "subprocess.Popen"):
        monkeypatch.setattr(effect, forbidden)
    # then
    made = project(envelope, PLACE)
    assert all(type(write) is Write for write in made)
    assert made == project(envelope, PLACE)


@pytest.mark.parametrize("table", ["viewer_interests", "viewer_seen"], ids=["one column", "two columns"])
def test_an_erased_partition_is_empty_and_what_is_stamped_before_stays_away(table: str) -> None:
    own = {"viewer_id": "anna", "week": 7, "video_id": VIDEO}
    cells = {name: value for name, value in own.items() if table == "viewer_seen" or name == "viewer_id"}
    partition = {name: cells[name] for name in KEYS[table][0]}
    now = now_us()
    value = {"viewer_seen": {"action": "liked"}, "viewer_interests": {"interests": "{}"}}[table]
    store = MemoryStore()
    store.write([Write(table, cells | value, now)])
    # when
    store.write([Write(table, partition, now + 5, erase=True)])
    assert not list(store.rows(table))
    # then an event of before that comes again changes nothing, and one of after it does
    store.write([Write(table, cells | value, now)])
    assert not list(store.rows(table))
    store.write([Write(table, cells | value, now + 6)])
    assert len(list(store.rows(table))) == 1
