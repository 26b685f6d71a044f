"""The order of a feed, and who never sees what again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from query_api.feed import SHORT, Catalogue, Item, Reason, Watcher, choose, merge, newest_revisions, subject_key
from query_api.readmodel.model import Seen
from schemas import ids


def item(number: int, subject: str = "cats", viewer: str | None = None, revision: int = 1) -> Item:
    return Item(ids.video_id(str(number)), revision, 1_000 + number, subject_key(subject), "{}", viewer)


def watcher(
    seen: dict[int, Seen] | None = None, since_us: int = 500, skip: tuple[int, ...] = (), **likes: float
) -> Watcher:
    named = {ids.video_id(str(number)): one for number, one in (seen or {}).items()}
    return Watcher("anna", named, likes, since_us, frozenset(ids.video_id(str(number))[:SHORT] for number in skip))


def numbers(items: list[Item], who: Watcher, most: int = 10) -> list[int]:
    return [choice.item.published_us - 1_000 for choice in choose(Catalogue(items), (), who, most)]


def test_first_what_was_made_for_the_viewer_then_what_they_like_then_the_newest() -> None:
    items = [item(1), item(2, "dogs"), item(3, viewer="anna"), item(4, "sea"), item(5, "dogs", viewer="bob")]
    chosen = choose(Catalogue(items), (), watcher(dogs=1.0), 10)
    assert [choice.item.published_us - 1_000 for choice in chosen] == [3, 5, 2, 4, 1]
    assert [choice.reason for choice in chosen] == [
        Reason.MADE_FOR_YOU, Reason.INTEREST, Reason.INTEREST, Reason.FRESH, Reason.FRESH,
    ]  # fmt: skip


def test_what_is_liked_more_comes_earlier_and_what_is_disliked_last() -> None:
    items = [item(1, "cats"), item(2, "dogs"), item(3, "sea"), item(4, "war")]
    assert numbers(items, watcher(cats=2.0, dogs=1.0, war=-3.0)) == [1, 2, 3, 4]


def test_what_was_swiped_never_comes_again() -> None:
    assert numbers([item(1), item(2)], watcher({1: Seen(swiped_us=1)})) == [2]


def test_what_this_walk_served_does_not_come_again() -> None:
    assert numbers([item(1), item(2)], watcher({1: Seen(served_us=500)}, since_us=500)) == [2]


def test_what_an_earlier_walk_served_comes_again_after_everything_new() -> None:
    seen = {3: Seen(served_us=499)}
    assert numbers([item(1), item(2), item(3)], watcher(seen)) == [2, 1, 3]
    assert numbers([item(1), item(2), item(3)], watcher(seen), most=2) == [2, 1]


def test_what_the_last_answer_held_is_left_out_although_no_table_knows_it_yet() -> None:
    assert numbers([item(1), item(2)], watcher(skip=(2,))) == [1]


def test_a_video_with_two_revisions_comes_once_and_in_the_newer_one() -> None:
    first, second = item(1), item(1, revision=2)
    for items in ([first, second], [second, first], [second, second]):
        assert newest_revisions(items) == [second]
        assert [choice.item for choice in choose(Catalogue([second, first]), (), watcher(), 10)] == [second]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["cats", "dogs"]), st.sampled_from([None, "anna"]))),
    st.dictionaries(st.integers(0, 30), st.builds(Seen, st.integers(0, 999), st.integers(0, 1))),
    st.integers(1, 8),
)
def test_a_whole_walk_serves_every_unswiped_video_exactly_once(
    what: list[tuple[int, str, str | None]], seen: dict[int, Seen], limit: int
) -> None:
    items = [item(*one) for one in what]
    walked: list[int] = []
    known = dict(seen)
    while page := numbers(items, watcher(known, since_us=1_000, cats=1.0), limit):
        walked += page
        known |= {number: Seen(1_000, known.get(number, Seen()).swiped_us) for number in page}
    assert sorted(walked) == sorted({number for number, _, _ in what if not seen.get(number, Seen()).swiped_us})


def plainly(items: list[Item], made: list[Item], who: Watcher, most: int) -> list[tuple[int, Reason]]:
    """The same rules as one sort over everything."""
    held = {one.video_id for one in items}
    found = []
    for one in newest_revisions(items) + [own for own in newest_revisions(made) if own.video_id not in held]:
        seen, weight = who.seen.get(one.video_id), who.interests.get(one.subject, 0.0)
        if one.video_id[:SHORT] in who.skip or (seen and (seen.swiped_us or seen.served_us >= who.since_us)):
            continue
        shelf, reason = (1, Reason.INTEREST) if weight > 0 else (3 if weight < 0 else 2, Reason.FRESH)
        if one.viewer_id == who.viewer_id:
            shelf, weight, reason = 0, 0.0, Reason.MADE_FOR_YOU
        found.append(((seen is not None, shelf, -weight, -one.published_us), one.published_us - 1_000, reason))
    return [(number, reason) for _, number, reason in sorted(found)[:most]]


SUBJECTS = st.sampled_from(["cats", "dogs", "sea", "war"])
ITEMS = st.lists(
    st.builds(item, st.integers(0, 40), SUBJECTS, st.sampled_from([None, "anna", "bob"])),
    max_size=40,
    unique_by=lambda one: one.video_id,
)
MADE = st.lists(
    st.builds(item, st.integers(0, 60), SUBJECTS, st.just("anna")), max_size=6, unique_by=lambda one: one.video_id
)


@given(
    ITEMS,
    MADE,
    st.dictionaries(st.integers(0, 60), st.builds(Seen, st.integers(0, 999), st.integers(0, 1))),
    st.dictionaries(SUBJECTS, st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])),
    st.sets(st.integers(0, 60), max_size=5),
    st.integers(1, 50),
)
def test_looking_no_further_than_needed_chooses_what_a_sort_over_everything_would(
    items: list[Item], made: list[Item], seen: dict[int, Seen], likes: dict[str, float], skip: set[int], most: int
) -> None:
    who = watcher(seen, 500, tuple(skip), **likes)
    chosen = choose(Catalogue(items), newest_revisions(made), who, most)
    assert [(one.item.published_us - 1_000, one.reason) for one in chosen] == plainly(items, made, who, most)


def test_merging_keeps_the_latest_of_each() -> None:
    seen = {"a": Seen(1, 5)}
    merge(seen, {"a": Seen(3, 2), "b": Seen(1)})
    assert seen == {"a": Seen(3, 5), "b": Seen(1)}
