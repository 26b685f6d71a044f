"""The one way into the changelogs: states are written for what counts, by who surely owns its partition, or not at all.

Two things may take a partition from under a write. A rebalance says so first: what was read before does not count from
then on, and what is on its way is waited for before another process can recover the table. A process that is cut off
hears nothing: it stops by its lease, and what it sent before has failed by then, since its records live shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from infra.errors import UnavailableError
from infra.kafka.producer import EventProducer, Outgoing
from infra.telemetry import logs
from processors.lease import Lease
from processors.readings import Bundle

log = logs.get("processors.changelog")

#: After so long without a heartbeat Kafka gives the partitions of a process away, in seconds.
SESSION_S = 10.0
#: How long a record may be on its way, in seconds: longer than an election of a leader takes, mostly.
DELIVERY_S = 4.0
#: How long a lease is held after a heartbeat. What is sent while it is held is over a second before the session is.
LEASE_S = SESSION_S - DELIVERY_S - 1.0
#: How often one asks whether the lease is held again, in seconds.
ASK_S = 0.2


class LostError(Exception):
    """The partition was taken away, or is read anew: what follows from this fetch is for others to do."""


class Changelog:
    """Writes for all agents of a process. `producer` gives records up after `DELIVERY_S`."""

    def __init__(self, producer: EventProducer, lease: Lease) -> None:
        self._producer, self.lease = producer, lease
        self._sending: set[asyncio.Future[None]] = set()

    async def write(self, records: Sequence[Outgoing], bundle: Bundle) -> None:
        """Until Kafka has all of them. Raises LostError as soon as the bundle they follow from does not count."""
        told = False
        while records:
            if bundle.lost:
                raise LostError
            if not self.lease.held:
                told = told or not log.warning("waiting", why="Kafka has not answered a heartbeat for too long")
                await asyncio.sleep(ASK_S)
                continue
            try:
                return await self._send(records)
            except UnavailableError as error:
                # The same states again: harmless, while the partition is still ours.
                log.warning("waiting", why=str(error))
                await asyncio.sleep(1)

    async def _send(self, records: Sequence[Outgoing]) -> None:
        sending = asyncio.wrap_future(self._producer.send_all(records))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await sending

    async def settled(self) -> None:
        """Return when nothing that was sent can arrive any more; after `DELIVERY_S` and a second, whatever happens."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=DELIVERY_S + 1)
