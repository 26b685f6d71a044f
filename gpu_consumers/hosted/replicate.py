"""Replicate's API (v1): predictions. It lists the newest ones with their input, so a lost answer can be looked up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gpu_consumers.hosted.caller import Caller
from gpu_consumers.hosted.errors import DoubtError, LostError
from gpu_consumers.hosted.jobs import Arguments, Job, State, Status, first_file

BASE, KEY, PROMPT = "https://api.replicate.com", "REPLICATE_API_TOKEN", "prompt"
#: Inputs of predictions are removed an hour after they end, says its documentation; then they cannot be compared.
INPUTS_STAY_S = 3000.0
#: Its clock and ours may differ.
_SKEW_S = 60.0
_STATES = {
    "starting": State.WAITING, "processing": State.RUNNING, "succeeded": State.DONE, "failed": State.FAILED,
    "canceled": State.FAILED, "aborted": State.FAILED,
}  # fmt: skip


@dataclass(frozen=True)
class Replicate:
    """A model `owner/name`, or `owner/name:version`."""

    caller: Caller
    model: str

    def create(self, arguments: Arguments, key: str) -> Job:
        """See `Generator`."""
        name, _, version = self.model.partition(":")
        path, more = ("v1/predictions", {"version": version}) if version else (f"v1/models/{name}/predictions", {})
        return _job(self.caller.post(path, {"input": dict(arguments), **more}, key))

    def status(self, job: Job) -> Status:
        """See `Generator`."""
        answer = self.caller.get(job.watch or f"v1/predictions/{job.id}")
        state = _STATES.get(str(answer.get("status")), State.RUNNING)
        reason = str(answer.get("error") or answer.get("status"))
        return Status(state, None, first_file(answer.get("output")), reason)

    def find(self, arguments: Arguments, since: float) -> Job | None:
        """See `Generator`. The seed among the arguments tells scenes apart."""
        if time.time() - since > INPUTS_STAY_S:
            raise DoubtError("Replicate no longer tells the inputs of that time")
        listed = [one for one in self.caller.get("v1/predictions").get("results") or [] if isinstance(one, Mapping)]
        for one in listed:
            if one.get("input") == dict(arguments) and _created(one) >= since - _SKEW_S:
                return _job(one)
        if listed and min(map(_created, listed)) >= since - _SKEW_S:
            raise DoubtError("Replicate's list does not reach back to when it was asked")
        return None


def _job(answer: Mapping[str, Any]) -> Job:
    if not (found := answer.get("id")):
        raise LostError("Replicate answered without an id")
    urls = answer.get("urls")
    return Job(str(found), str(urls.get("get", "")) if isinstance(urls, Mapping) else "")


def _created(one: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(one.get("created_at"))).timestamp()
    except ValueError:
        return 0.0
