"""The nemesis: carries out the faults of a plan on a running system."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

from confluent_kafka import KafkaException

from infra.errors import SwipestreamError
from infra.supervisor.private import PrivateSystem
from tests.chaos import repeat
from tests.chaos.plan import Fault, Plan
from tests.chaos.system import pid_of

#: How long a part that is being started again is waited for before it is hit, in seconds.
PATIENCE_S = 60.0
#: Between two faults at least, in seconds.
GAP_S = 1.0


class Nemesis:
    """Runs in a thread from `start` on. `say` is told of everything that it does."""

    def __init__(self, plan: Plan, system: PrivateSystem, say: Callable[[str], None]) -> None:
        self._plan, self._system, self._say = plan, system, say
        self.done: Counter[str] = Counter()
        self.missed: list[str] = []
        #: Records that nobody can read, by (topic, partition, offset), and how many were produced once more.
        self.poisoned: set[tuple[str, int, int]] = set()
        self.repeated = 0
        self._thawing: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="nemesis", daemon=True)

    def start(self, began: float) -> None:
        """Begin; `began` is second 0 of the plan."""
        self._began = began
        self._thread.start()

    def join(self) -> None:
        """Wait until the last fault is over."""
        self._thread.join()
        for thread in self._thawing:
            thread.join()

    def _run(self) -> None:
        for fault in self._plan.faults:
            # One that had to wait for Kafka does not bring the next ones down upon the system at once.
            time.sleep(max(GAP_S, self._began + fault.at - time.monotonic()))
            try:
                told = self._do(fault)
                self.done[fault.kind if fault.kind not in ("kill", "restart") else f"{fault.kind} {fault.target}"] += 1
                self._say(told)
            except (SwipestreamError, KafkaException, OSError, TimeoutError) as error:
                self.missed.append(f"{fault}: {error!r}")
                self._say(f"{fault}: missed, {error!r}")

    def _do(self, fault: Fault) -> str:
        match fault.kind:
            case "kill":
                self._signal(fault.target, signal.SIGKILL)
            case "restart":
                self._signal(fault.target, signal.Signals[fault.signal])
            case "freeze":
                self._freeze(fault)
            case "duplicate":
                count = repeat.repeat(self._system.kafka, fault.topics, fault.seed)
                self.repeated += count
                return f"{fault}: {count} records once more"
            case "poison":
                self.poisoned |= repeat.poison(self._system.kafka, fault.topics, fault.seed)
        return str(fault)

    def _signal(self, part: str, number: signal.Signals) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if pid := pid_of(self._system, part):
                os.kill(pid, number)
                return pid
            time.sleep(0.1)
        raise TimeoutError(f"{part} was not there for {PATIENCE_S:.0f} s")

    def _freeze(self, fault: Fault) -> None:
        pid = self._signal(fault.target, signal.SIGSTOP)
        thread = threading.Thread(target=_thaw, args=(pid, fault.seconds), name=f"thaw-{fault.target}", daemon=True)
        thread.start()
        self._thawing.append(thread)


def _thaw(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
