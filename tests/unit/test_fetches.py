"""What Faust commits of whole fetches: everything that was handled, at once, and nothing that was not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP
from hypothesis import given
from hypothesis import strategies as st

from processors.fetches import Consumer, Fetch

HERE = TP("swipes", 0)


@dataclass(eq=False)
class Message:
    """A fetch: Faust knows the offset of its last record alone."""

    offset: int
    tp: TP = HERE


class Bare(Consumer):  # type: ignore[misc]
    """The consumer without a broker: what it remembers of a partition, and no more."""

    def __init__(self, committed: int) -> None:
        self._acked: Any = defaultdict(list)
        self._acked_index: Any = defaultdict(set)
        self._committed_offset: Any = {HERE: committed}
        self._unacked_messages: Any = set()
        self._at = committed

    def fetch(self, count: int) -> Message:
        """So many records come at once, as `_drain_messages` takes them in."""
        message = Message(self._at + count - 1)
        self._at += count
        self._unacked_messages.add(message)
        return message

    def handled(self, message: Message) -> None:
        """As `ack` does."""
        self._unacked_messages.discard(message)
        self._acked_index[HERE].add(message.offset)
        self._acked[HERE].append(message.offset)

    def commit(self) -> int:
        """What is committed then."""
        if (offset := self._new_offset(HERE)) is not None:
            self._committed_offset[HERE] = offset
        return int(self._committed_offset[HERE])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_one_commit_is_enough_for_all_that_was_handled(sizes: list[int]) -> None:
    consumer = Bare(committed=100)
    for message in [consumer.fetch(size) for size in sizes]:
        consumer.handled(message)
    assert consumer.commit() == 100 + sum(sizes)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=12), st.data())
def test_what_is_in_hand_is_never_committed(sizes: list[int], data: st.DataObject) -> None:
    # Given some fetches, of which any were handled
    consumer = Bare(committed=100)
    messages = [consumer.fetch(size) for size in sizes]
    done = data.draw(st.sets(st.sampled_from(range(len(sizes)))))
    for number in sorted(done):
        consumer.handled(messages[number])
    # Then commits end before the first that was not
    first = next((number for number in range(len(sizes)) if number not in done), len(sizes))
    for _ in range(3):
        assert consumer.commit() == 100 + sum(sizes[:first])


def test_other_partitions_hold_nothing_up() -> None:
    consumer = Bare(committed=100)
    consumer._unacked_messages.add(Message(3, TP("swipes", 1)))
    consumer.handled(consumer.fetch(5))
    assert consumer.commit() == 105


def test_what_was_handled_is_committed_once_and_all_but_the_last_is_forgotten() -> None:
    consumer = Bare(committed=100)
    for _ in range(5):
        consumer.handled(consumer.fetch(5))
    consumer.commit()
    again = consumer._new_offset(HERE)
    assert again is None or not consumer._should_commit(HERE, again)
    assert len(consumer._acked[HERE]) == len(consumer._acked_index[HERE]) == 1


async def test_a_commit_that_failed_is_made_again_though_nothing_more_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust itself forgets it: the lag would stay until the next record of that partition."""

    async def fails(self: Bare, offsets: dict[TP, int], _start: bool = True) -> bool:
        self._committed_offset.update(offsets)  # as Faust does, whatever became of it
        return False

    monkeypatch.setattr(driver.Consumer, "_commit_offsets", fails)
    consumer = Bare(committed=100)
    consumer.handled(consumer.fetch(5))
    offset = consumer._new_offset(HERE)
    assert offset == 105 and not await consumer._commit_offsets({HERE: offset})
    assert consumer._committed_offset[HERE] == 100
    assert consumer._new_offset(HERE) == 105 and consumer._should_commit(HERE, 105)


class App:
    """What a fetch, and its consumer, ask of the app."""

    consumer_generation_id = 7
    topics = SimpleNamespace(acks_enabled_for=lambda _topic: True)


@pytest.fixture
def counted() -> tuple[Bare, list[Fetch]]:
    """A consumer that notes what it is told to count as done."""
    consumer, told = Bare(committed=100), list[Fetch]()
    consumer.app = App()
    consumer.ack = told.append
    return consumer, told


def fetch(agents: int, generation: int = 7) -> Fetch:
    message = Fetch("swipes", 0, 104, 0.0, 1, None, None, b"", None, tp=HERE, generation_id=generation)
    message.incref(agents)
    return message


def let_go(message: Fetch, consumer: Bare, agents: int) -> None:
    """As Faust does after an agent has handled it, and where it skips it."""
    consumer._unacked_messages.add(message)
    for _ in range(agents):
        message.ack(consumer)


def test_a_fetch_counts_once_every_agent_has_handled_it(counted: tuple[Bare, list[Fetch]]) -> None:
    consumer, told = counted
    message = fetch(agents=2)
    message.handle()
    message.handle()
    let_go(message, consumer, 2)
    assert told == [message]


@pytest.mark.parametrize(("handled", "generation"), [(0, 7), (1, 7), (2, 6)])
def test_what_faust_skipped_or_a_rebalance_overtook_is_read_again(
    counted: tuple[Bare, list[Fetch]], handled: int, generation: int
) -> None:
    consumer, told = counted
    message = fetch(2, generation)
    for _ in range(handled):
        message.handle()
    let_go(message, consumer, 2)
    assert told == [] and message not in consumer._unacked_messages


def test_what_is_handled_once_more_after_a_rebalance_is_committed() -> None:
    # given a fetch that was let go of while partitions were being given back, and read again after that
    consumer = Bare(committed=100)
    consumer.app, consumer._n_acked, consumer._waiting_for_ack = App(), 0, None
    for message in (first := fetch(agents=1), fetch(agents=1)):
        message.handle()
        let_go(message, consumer, 1)
        # then it is committed each time, though Faust has seen its offset before
        assert consumer.commit() == first.offset + 1
    assert not consumer._unacked_messages
