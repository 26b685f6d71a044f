"""`python -m processors`: the Faust worker. Drains and leaves the group on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import mode
import uvloop

from infra import collecting
from infra.ending import end_within, exit_code
from infra.heartbeat import Heartbeat
from infra.kafka.aiokafka_skips import skip_unreadable
from infra.kafka.producer import EventProducer
from infra.kafka.relay import Relay
from infra.kafka.unreadable import bury
from infra.kafka.waiting import wait_for_kafka
from infra.starting import started
from processors.app import create_app, quiet
from processors.changelog import DELIVERY_S, LEASE_S, Changelog
from processors.lease import Lease
from processors.watch import AssignmentWatch
from schemas.topics import PROCESSORS


class Worker(mode.Worker):
    """Ends as soon as all is stopped: the original sleeps for one second more before it closes the loop.

    And it ends in time: while Kafka is away, Faust waits for it without a limit.
    """

    logger = logging.getLogger("mode.processors")

    def _schedule_shutdown(self, number: signal.Signals) -> None:
        end_within()
        super()._schedule_shutdown(number)

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(0)


def main() -> None:
    """Run until a signal."""
    config = started()
    quiet()
    instance = os.environ.get("SWIPESTREAM_PROCESSORS_NAME", "processors-1")
    config.data_dir.mkdir(parents=True, exist_ok=True)
    # Faust ends when it is started before its broker, and its supervisor waits longer each time.
    wait_for_kafka(config.kafka_address)
    producer = EventProducer(config.kafka_address, instance)
    skip_unreadable(lambda *batch: bury(producer, PROCESSORS, *batch))
    relay = Relay(config.kafka_address, PROCESSORS, producer)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    keeper = EventProducer(config.kafka_address, f"{instance}-changelog", delivery_s=DELIVERY_S)
    app = create_app(config, producer, Changelog(keeper, Lease(LEASE_S)), instance=instance)
    collecting.rarely()
    relay.start()
    AssignmentWatch(app).start()
    heart = Heartbeat("processors")
    heart.turning(loop)
    worker = Worker(app, loop=loop, override_logging=False, redirect_stdouts=False, daemon=True)
    try:
        with heart:
            worker.execute_from_commandline()
    except SystemExit as ended:  # the library's own: 0, whoever sent the signal
        raise SystemExit(ended.code or exit_code()) from None
    finally:
        relay.stop()
        keeper.close()
        producer.close()


if __name__ == "__main__":
    main()
