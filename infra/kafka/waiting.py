"""Waiting for a broker, for clients that end when they are started before it."""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.kafka.sockets import SOCKETS
from infra.telemetry import logs

log = logs.get("kafka.waiting")

#: Seconds that one question may take, and between two of them.
ANSWER_S, PAUSE_S = 5.0, 0.5


def wait_for_kafka(bootstrap: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return once a broker answers, however long that takes: whoever runs this process may end it meanwhile."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2, **SOCKETS})
    told = False
    while True:
        try:
            admin.list_topics(timeout=ANSWER_S)
            return
        except KafkaException as error:
            if not told:
                log.warning("waiting for kafka", why=error.args[0].str())
                told = True
            sleep(PAUSE_S)
