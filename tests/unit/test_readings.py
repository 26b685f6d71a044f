"""What is committed of a partition: everything that was handled, at once, and nothing behind what was not."""

from __future__ import annotations

from types import SimpleNamespace

from faust.types.tuples import TP
from hypothesis import given
from hypothesis import strategies as st

from processors.readings import Bundle, Readings

HERE, THERE = TP("swipes", 0), TP("swipes", 1)


def read(readings: Readings, sizes: list[int], start: int = 100, tp: TP = HERE) -> list[Bundle]:
    """Fetches of so many records, one behind the other."""
    bundles = []
    for size in sizes:
        bundle = Bundle(SimpleNamespace(offset=start + number) for number in range(size))
        readings.add(tp, bundle)
        bundles.append(bundle)
        start += size
    return bundles


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.data())
def test_what_is_committed_ends_before_the_first_that_is_not_done(sizes: list[int], data: st.DataObject) -> None:
    # Given some fetches, of which any are done
    readings = Readings()
    readings.seek([HERE])
    bundles = read(readings, sizes)
    done = data.draw(st.sets(st.sampled_from(range(len(sizes)))))
    for number in done:
        bundles[number].handle()
    # Then one commit is enough for all before the first that is not
    first = next((number for number in range(len(sizes)) if number not in done), len(sizes))
    end = 100 + sum(sizes[:first])
    assert readings.end(HERE) == (end if first else None)
    assert readings.waiting(HERE) == 100
    assert list(readings.ready()) == ([HERE] if first else [])
    # And after it they are forgotten, and nothing else is
    waiting = end if first < len(sizes) else None
    readings.committed(HERE, end)
    assert not list(readings.ready()) and readings.waiting(HERE) == waiting
    assert [readings.holds(HERE, bundle) for bundle in bundles] == [number >= first for number in range(len(sizes))]


def test_a_commit_that_arrives_after_a_seek_forgets_nothing_that_is_in_hand() -> None:
    readings = Readings()
    readings.seek([HERE])
    (bundle,) = read(readings, [5])
    readings.committed(HERE, 110)
    assert readings.holds(HERE, bundle) and readings.waiting(HERE) == 100


def test_other_partitions_hold_nothing_up() -> None:
    readings = Readings()
    read(readings, [3], tp=THERE)
    (bundle,) = read(readings, [5])
    bundle.handle()
    assert (readings.end(HERE), readings.end(THERE)) == (105, None)


def test_after_a_seek_nothing_counts_that_was_read_before() -> None:
    readings = Readings()
    (bundle,) = read(readings, [5])
    readings.seek([HERE])
    bundle.handle()
    assert not readings.holds(HERE, bundle) and readings.end(HERE) is None and readings.waiting(HERE) is None
    (after,) = read(readings, [5])
    assert (bundle.lost, after.lost) == (True, False)


def test_a_bundle_is_done_once_each_of_its_agents_has_handled_it() -> None:
    bundle = Bundle([SimpleNamespace(offset=3)], agents=2)
    bundle.handle()
    first = bundle.done
    bundle.handle()
    assert (first, bundle.done, bundle.end) == (False, True, 4)
