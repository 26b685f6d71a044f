"""Runway's API (version 2024-11-06): tasks. It lists none and knows no idempotency keys, as far as it documents."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.hosted.caller import Caller
from gpu_consumers.hosted.errors import DoubtError, LostError
from gpu_consumers.hosted.jobs import Arguments, Job, State, Status, first_file

BASE, KEY, PROMPT = "https://api.dev.runwayml.com", "RUNWAYML_API_SECRET", "promptText"
HEADERS = {"X-Runway-Version": "2024-11-06"}
_STATES = {
    "PENDING": State.WAITING, "THROTTLED": State.WAITING, "RUNNING": State.RUNNING, "SUCCEEDED": State.DONE,
    "FAILED": State.FAILED, "CANCELLED": State.FAILED,
}  # fmt: skip


@dataclass(frozen=True)
class Runway:
    """Text to video."""

    caller: Caller
    model: str

    def create(self, arguments: Arguments, key: str) -> Job:
        """See `Generator`."""
        answer = self.caller.post("v1/text_to_video", {"model": self.model, **arguments}, key)
        if not (found := answer.get("id")):
            raise LostError("Runway answered without an id")
        return Job(str(found), f"{self.caller.base.rstrip('/')}/v1/tasks/{found}")

    def status(self, job: Job) -> Status:
        """See `Generator`."""
        answer = self.caller.get(job.watch or f"v1/tasks/{job.id}")
        state = _STATES.get(str(answer.get("status")), State.RUNNING)
        reason = " ".join(str(answer[name]) for name in ("failureCode", "failure") if answer.get(name))
        progress = answer.get("progress")
        return Status(
            state, progress if isinstance(progress, float | int) else None, first_file(answer.get("output")),
            reason or str(answer.get("status")),
        )  # fmt: skip

    def find(self, arguments: Arguments, since: float) -> Job | None:
        """See `Generator`."""
        raise DoubtError("Runway lists no tasks: it cannot be asked whether it took one")
