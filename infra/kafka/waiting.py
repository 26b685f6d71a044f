"""Whether Kafka answers; and waiting until it does, for clients that end when they are started before it."""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka.connection import lasting
from infra.kafka.refusals import unanswered
from infra.telemetry import logs

log = logs.get("kafka.waiting")

#: Seconds that one question may take, and between two of them.
ANSWER_S, PAUSE_S = 5.0, 0.5


def ask(bootstrap: str, timeout: float = ANSWER_S) -> None:
    """Raises UnavailableError where no broker answers within `timeout` seconds; it says why, where one refuses."""
    _ask(AdminClient(lasting(bootstrap)), timeout)


def wait_for_kafka(bootstrap: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return once a broker answers, however long that takes: whoever runs this process may end it meanwhile."""
    admin, told = AdminClient(lasting(bootstrap)), ""
    while True:
        try:
            return _ask(admin, ANSWER_S)
        except UnavailableError as error:
            if told != type(error).__name__:
                log.warning("waiting for kafka", why=str(error), hint=error.hint)
                told = type(error).__name__
            sleep(PAUSE_S)


def _ask(admin: AdminClient, timeout: float) -> None:
    try:
        admin.list_topics(timeout=timeout)
    except KafkaException as error:
        raise unanswered(admin, error) from error
