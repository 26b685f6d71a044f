"""Recovering tables: what does not come in time ends the process, instead of leaving it at rest for ever.

Faust takes a question to Kafka that was not answered within `broker_request_timeout` for the order to stop: the tables
are never recovered then, streams stay paused, and nothing says so. The supervisor starts a process that ended anew.
"""

from __future__ import annotations

from typing import Any

from faust.tables import TableManager
from faust.tables import recovery as faust_recovery
from faust.tables.recovery import ServiceStopped

from infra.errors import DeadlineError


class Recovery(faust_recovery.Recovery):
    """Faust's own, which tells a deadline from the order to stop."""

    async def _wait(self, coro: Any, timeout: Any = None) -> None:
        try:
            await super()._wait(coro, timeout)
        except ServiceStopped as stopped:
            if self.should_stop:
                raise
            raise DeadlineError(f"Kafka did not tell within {timeout} s what tables are recovered from.") from stopped


class Tables(TableManager):
    """Faust's own, with that recovery."""

    @property
    def recovery(self) -> faust_recovery.Recovery:
        """The service that recovers the tables."""
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
