"""The clients: a few threads that do what the plan says, over the real API, until each request has succeeded.

A good client sends a request again, unchanged, when it is told to or when the answer is lost; never for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.chaos.history import Told, Walked
from tests.chaos.plan import LANES, Plan, Prompt, Step, Swipes, Walk

#: Longest wait for one answer, and for a request to succeed, in seconds.
ANSWER_S, PATIENCE_S = 10.0, 240.0
PAUSE_S = 0.25


class Clients:
    """Runs the steps of a plan from `start` on; `join` waits until all are done."""

    def __init__(self, plan: Plan, api_url: str, told: Told) -> None:
        self._plan, self._url, self._told = plan, api_url, told
        self._threads = [threading.Thread(target=self._run, args=(lane,), daemon=True) for lane in range(LANES)]
        self.done = 0
        self._errors: list[BaseException] = []

    def start(self, began: float) -> None:
        """Begin; `began` is second 0 of the plan, by the monotonic clock."""
        self._began = began
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the last answer. Raises what a client raised."""
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self, lane: int) -> None:
        try:
            with httpx.Client(base_url=self._url, timeout=ANSWER_S) as api:
                for step in (step for step in self._plan.steps if step.lane == lane):
                    time.sleep(max(0.0, self._began + step.at - time.monotonic()))
                    self._do(api, step)
                    with self._told.lock:
                        self.done += 1
        except BaseException as error:  # noqa: BLE001 - told by `join`
            self._errors.append(error)

    def _do(self, api: httpx.Client, step: Step) -> None:
        match step:
            case Prompt():
                self._prompt(api, step)
            case Swipes():
                self._swipes(api, step)
            case Walk():
                walk(api, step.viewer, self._told, step.pages)

    def _prompt(self, api: httpx.Client, step: Prompt) -> None:
        body = {"text": step.text, "viewer_id": step.viewer} if step.viewer else {"text": step.text}
        headers = {"Idempotency-Key": step.key}
        answer = insist(self._told, "POST /v1/prompts", lambda: api.post("/v1/prompts", json=body, headers=headers))
        if answer is None:
            return
        with self._told.lock:
            self._told.prompts.add(answer.json()["video_id"])
            if step.viewer is None and answer.json()["video_id"] != step.video_id:
                self._told.wrong.append(f"prompt {step.number} became {answer.json()['video_id']}, not {step.video_id}")

    def _swipes(self, api: httpx.Client, step: Swipes) -> None:
        swipes = [
            {"video_id": one.video_id, "action": one.action, "watched_ms": one.watched_ms, "duration_ms": 9_000,
             "swipe_id": one.swipe_id}
            for one in step.swipes
        ]  # fmt: skip
        body = {"viewer_id": step.viewer, "swipes": swipes}
        if insist(self._told, "POST /v1/swipes", lambda: api.post("/v1/swipes", json=body)):
            with self._told.lock:
                self._told.swipes.update((step.viewer, one.swipe_id) for one in step.swipes)


def insist(told: Told, what: str, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    """Ask until the answer is a success; None when patience ends. Every answer is noted."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = _try(ask)
        _note(told, what, answer)
        if isinstance(answer, httpx.Response) and answer.is_success:
            return answer
        time.sleep(PAUSE_S)
    with told.lock:
        told.given_up.append(f"{what} after {PATIENCE_S:.0f} s")
    return None


def _try(ask: Callable[[], httpx.Response]) -> httpx.Response | str:
    try:
        return ask()
    except httpx.TransportError as error:
        return type(error).__name__


def _note(told: Told, what: str, answer: httpx.Response | str) -> None:
    status = answer if isinstance(answer, str) else str(answer.status_code)
    with told.lock:
        told.answers[f"{what} {status}"] += 1
        if isinstance(answer, httpx.Response) and not answer.is_success:
            if answer.status_code != 503:
                told.wrong.append(f"{what} was answered {status}: {answer.text[:200]}")
            elif "retry-after" not in answer.headers:
                told.wrong.append(f"{what} was answered 503 without Retry-After")


def walk(api: httpx.Client, viewer: str, told: Told, pages: int, limit: int = 5) -> Walked:
    """Read a feed for some pages, or to its end."""
    videos: list[str] = []
    params: dict[str, Any] = {"viewer": viewer, "limit": limit}
    for _ in range(pages):
        answer = insist(told, "GET /v1/feed", lambda: api.get("/v1/feed", params=params))
        items = answer.json()["items"] if answer else []
        if not items or answer is None:
            break
        videos += [item["video_id"] for item in items]
        params["cursor"] = answer.json()["cursor"]
    walked = Walked(viewer=viewer, videos=tuple(videos))
    with told.lock:
        told.walks.append(walked)
    return walked
