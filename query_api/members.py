"""Which consumer groups have somebody at work, of those that this process does not belong to."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka import groups
from infra.kafka.connection import lasting
from schemas.topics import PROCESSORS

#: The groups without which no video is made.
WORKING = (PROCESSORS, "script-worker", "scene-worker", "assembly-worker")
#: Seconds that a broker has to answer.
ANSWER_S = 0.8


class Members:
    """Asks the broker. Blocks; raises UnavailableError.

    A process that was killed counts for ten seconds more: that is how long its group waits for it.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin: AdminClient | None = None

    def __call__(self) -> Mapping[str, bool]:
        self._admin = self._admin or AdminClient(lasting(self._bootstrap))
        try:
            found = groups.at_work(self._admin, WORKING, ANSWER_S)
        except (KafkaException, TimeoutError) as error:
            raise UnavailableError(f"Kafka does not tell who is at work: {error}") from error
        return {name: name in found for name in WORKING}
