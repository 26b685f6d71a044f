"""Doing a task: decode, work, publish what follows; what fails goes to the retry topics or to the dead letters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from infra.errors import UnavailableError
from infra.kafka.deadletters import Aside
from infra.kafka.failures import Dead
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.trials import Trial, read
from infra.telemetry import logs, metrics
from schemas import base
from schemas.envelope import Envelope
from schemas.errors import DecodeError

log = logs.get("kafka.tasks")

#: What a task leads to: events or further tasks, each for its own topic (None: the family's).
Effects = Sequence[tuple[Envelope[base.Message], str | None]]
Work = Callable[[Received], Effects]
#: What to publish about a task that failed for good.
OnFailure = Callable[[Received, Exception], Effects]


def silent(_received: Received, _error: Exception) -> Effects:
    """Nothing is published about a task that failed."""
    return []


class Execution:
    """Runs tasks of the consumer `name`; thread-safe where `work` and `on_failure` are.

    Until `stop` is set a broker that is away is waited for: the result of a long task is not thrown away.
    """

    def __init__(
        self, name: str, work: Work, producer: EventProducer, aside: Aside, stop: threading.Event,
        *, on_failure: OnFailure = silent,
    ) -> None:  # fmt: skip
        self._name, self._work, self._on_failure = name, work, on_failure
        self._producer, self._aside, self._stop = producer, aside, stop

    def run(self, trial: Trial) -> None:
        """Do it, and publish what follows or put it aside: it is done when this returns.

        Raises UnavailableError where a service is away that it needs: then it is to be run again.
        """
        try:
            read(trial.record)  # one of a retry topic that could not be read is handed on as it is
            received = Received(raw=trial.record, envelope=trial.record.decode(), attempt=trial.attempt)
        except DecodeError as error:
            return self._put_aside(trial, error)
        try:
            with metrics.TASK_SECONDS.labels(consumer=self._name).time():
                effects = self._work(received)
            self._insist(lambda: self._producer.publish_all(effects))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the policy says what becomes of the task
            return self._failed(trial, received, error)
        metrics.HANDLED.labels(consumer=self._name, type=received.envelope.type).inc()

    def _failed(self, trial: Trial, received: Received, error: Exception) -> None:
        log.exception("task failed", topic=received.topic, offset=received.offset, attempt=trial.attempt)
        if isinstance(self._aside.step(trial, error), Dead):
            self._tell(received, error)
        self._put_aside(trial, error)

    def _tell(self, received: Received, error: Exception) -> None:
        """What cannot be told is a dead letter all the same: else the task would come back for ever."""
        try:
            failure = self._on_failure(received, error)
            self._insist(lambda: self._producer.publish_all(failure))
        except UnavailableError:
            raise
        except Exception:
            log.exception("failure not told", topic=received.topic, offset=received.offset)

    def _put_aside(self, trial: Trial, error: Exception) -> None:
        self._insist(lambda: self._aside.put(trial, error).result(30))

    def _insist(self, publish: Callable[[], None]) -> None:
        while True:
            try:
                return publish()
            except (UnavailableError, TimeoutError) as error:
                if self._stop.is_set():
                    raise UnavailableError(str(error)) from error
                log.warning("waiting", why=str(error))
                self._stop.wait(1)
