"""fal's queue API: requests. A request's status and result have addresses of their own, told when it is submitted."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.hosted.caller import Caller
from gpu_consumers.hosted.errors import DoubtError, LostError, RefusedError
from gpu_consumers.hosted.jobs import Arguments, Job, State, Status, first_file

BASE, KEY, PROMPT = "https://queue.fal.run", "FAL_KEY", "prompt"
_STATES = {"IN_QUEUE": State.WAITING, "IN_PROGRESS": State.RUNNING, "COMPLETED": State.DONE}


@dataclass(frozen=True)
class Fal:
    """A model id, `owner/app/path`."""

    caller: Caller
    model: str

    def create(self, arguments: Arguments, key: str) -> Job:
        """See `Generator`."""
        answer = self.caller.post(self.model, arguments, key)
        if not (found := answer.get("request_id")):
            raise LostError("fal answered without a request_id")
        return Job(str(found), str(answer.get("status_url") or f"{self._place()}/requests/{found}/status"))

    def status(self, job: Job) -> Status:
        """See `Generator`. What a model answered with is the result, be it an error."""
        watch = job.watch or f"{self._place()}/requests/{job.id}/status"
        answer = self.caller.get(watch)
        state = _STATES.get(str(answer.get("status")), State.RUNNING)
        if state is not State.DONE:
            return Status(state)
        if told := answer.get("error"):
            return Status(State.FAILED, reason=f"{answer.get('error_type') or ''} {told}".strip())
        try:
            made = self.caller.get(str(answer.get("response_url") or watch.removesuffix("/status")))
        except RefusedError as error:
            return Status(State.FAILED, reason=str(error))
        return Status(State.DONE, 1.0, first_file(made.get("video") or made.get("videos") or made))

    def find(self, arguments: Arguments, since: float) -> Job | None:
        """See `Generator`."""
        raise DoubtError("fal's queue lists no requests: it cannot be asked whether it took one")

    def _place(self) -> str:
        # Addresses of requests name the owner and the app, not the path that follows.
        return "/".join(self.model.split("/")[:2])
