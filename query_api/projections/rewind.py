"""Go back to where the tables are: tables that were deleted, or restored from a backup, are filled again."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka.connection import client
from infra.kafka.groups import Offsets, commit, committed
from infra.kafka.ranges import partitions
from infra.telemetry import logs
from query_api.projections.positions import TOPICS

log = logs.get("projector")

#: How a broker says that a group has members.
_AT_WORK = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP)


def behind(committed: Offsets, positions: Offsets) -> dict[tuple[str, int], int]:
    """Where the group is to go back to, by partition: it committed what the tables do not hold."""
    return {key: positions.get(key, 0) for key, offset in committed.items() if offset > positions.get(key, 0)}


def rewind(bootstrap: str, group: str, positions: Offsets, *, timeout: float = 10) -> int:
    """Set the group back to the tables' positions; how many partitions that were.

    Raises UnavailableError, also while the group has members: they would go on behind what is missing.
    """
    try:
        known = partitions(AdminClient(client(bootstrap)), TOPICS, timeout)
        back = behind(committed(bootstrap, group, known, timeout), positions)
        if back:
            log.warning("the tables are behind the log's consumer: reading again", partitions=len(back))
            commit(bootstrap, group, back, timeout)
        return len(back)
    except (KafkaException, TimeoutError) as error:
        raise UnavailableError(f"The group {group} could not be set back: {_why(error)}") from error


def _why(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    if isinstance(cause, KafkaError) and cause.code() in _AT_WORK:
        return "it has members; stop them first"
    return str(cause)
