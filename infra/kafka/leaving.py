"""The way out of a consumer group."""

from __future__ import annotations

import time

from confluent_kafka import Consumer

#: What the group had still to say is heard within this time; it is over when nothing came for one `_QUIET_S`.
WITHIN_S, _QUIET_S = 5.0, 0.05


def leave(consumer: Consumer) -> None:
    """Give partitions back, leave the group, and close. The callbacks of the subscription run in it.

    Not `close` alone: an assignment that waits to be heard then may be answered when the client's group has ended, and
    librdkafka 2.16 drops the request without a reply (`rd_kafka_cgrp_op_serve`; its issue 4884 tells of it). `close`,
    and with it the whole process, for it holds the interpreter's lock, then stands still for ever.
    """
    try:
        consumer.unsubscribe()
        until = time.monotonic() + WITHIN_S
        # Records that were fetched already are dropped: nobody has begun them.
        while consumer.poll(_QUIET_S) is not None and time.monotonic() < until:
            pass
    finally:
        consumer.close()
