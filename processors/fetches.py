"""Whole fetches for Faust's agents: one event for each fetch of a partition, not one for each record.

Faust's cost lies in what it does for every event: two tasks, a queue, an acknowledgement (docs/decisions/). So its
consumer is given the records of a fetch bundled, as one message at the offset of the last one. The offsets before it
are a gap to Faust, as compaction leaves them, and are committed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage
from faust.types.tuples import Message as FaustMessage
from yarl import URL

from infra.telemetry import logs

log = logs.get("processors.again")

#: Fetches that may wait before an agent; Faust stops reading a partition before that.
WAITING = 8


class Bundle(list[Any]):
    """The records of one fetch of one partition, in order; not empty."""


class Fetch(ConsumerMessage):
    """A bundle on its way to the agents of its topic. It counts as done once each of them has called `handle`.

    Faust acknowledges what it skips, too: during a rebalance it hands messages that wait before an agent to nobody, and
    then commits past them. And what an agent still has in hand when the table is recovered anew may be overwritten by
    older states of the changelog. Both are read again: they lie behind what was committed.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.given = self.handled = 0

    def incref(self, n: int = 1) -> None:
        """It is given to so many agents."""
        super().incref(n)
        self.given += n

    def handle(self) -> None:
        """One of them has done all that follows from it."""
        self.handled += 1

    def on_final_ack(self, consumer: Any) -> bool:
        """All of them have let go of it."""
        counts = self.handled >= self.given and self.generation_id == consumer.app.consumer_generation_id
        if not counts:
            log.info("to be read again", topic=self.topic, partition=self.partition, offset=self.offset)
            self.acked = True
        done = counts and bool(super().on_final_ack(consumer))
        # Faust forgets this where the same offset was acknowledged before: nothing would be committed from there on.
        consumer.let_go(self)
        return done


class Schema(faust.Schema[Any, Any]):
    """Hands a bundle on as it is: nothing is decoded before the agent has it."""

    def loads_key(self, app: Any, message: FaustMessage, *, loads: Any = None, serializer: Any = None) -> None:
        """A bundle has many."""

    def loads_value(self, app: Any, message: FaustMessage, *, loads: Any = None, serializer: Any = None) -> Any:
        """The bundle."""
        return message.value


class Consumer(driver.Consumer):
    """Bundles what agents read. What tables are recovered from comes record by record, as ever."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Any]]:
        fetched = await super()._getmany(active_partitions, timeout)
        acked = self.app.topics.acks_enabled_for
        return {tp: [Bundle(records)] if acked(tp.topic) and records else records for tp, records in fetched.items()}

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Bundle):
            return super()._to_message(tp, record)
        # Faust commits after so many acknowledgements, and will see one for all of these.
        self._n_acked += len(record) - 1
        last, bundle = record[-1], cast(bytes, record)
        return Fetch(
            last.topic, last.partition, last.offset, last.timestamp / 1000, last.timestamp_type, None, None, bundle,
            last.checksum, last.serialized_key_size, last.serialized_value_size, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def let_go(self, message: FaustMessage) -> None:
        """It is in nobody's hand any more."""
        self._unacked_messages.discard(message)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps need not be remembered: see `_new_offset`."""

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit: after the last message that was handled before the first that is in hand.

        Faust puts messages in hand in the order of their partition, so that nothing is left out. Its own way counts
        every offset. It takes the message behind a gap for part of it, and so commits one fetch at a time, however many
        were handled; and it forgets gaps in a rebalance, and then may wait for them for ever.
        """
        acked = self._acked[tp]
        in_hand = min((message.offset for message in self._unacked_messages if message.tp == tp), default=None)
        done = [offset for offset in acked if in_hand is None or offset < in_hand]
        if not done:
            return None
        # The last one stays: should the commit fail, it is what the next one commits.
        acked[:] = [offset for offset in acked if offset >= max(done)]
        self._acked_index[tp].difference_update(offset for offset in done if offset < max(done))
        return int(max(done)) + 1

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        """Faust takes a commit that failed for one that was made: behind the last record it would never be repeated."""
        before = {tp: self._committed_offset[tp] for tp in offsets}
        committed = False
        try:
            committed = await super()._commit_offsets(offsets, start_new_transaction)
        finally:
            if not committed:
                self._committed_offset.update(before)
        return committed


class Transport(driver.Transport):
    """Faust's own transport, with that consumer."""

    Consumer = Consumer


def transport(app: faust.App) -> Transport:
    """The transport of an app."""
    urls: list[URL] = app.conf.broker_consumer
    return Transport(urls, app)
