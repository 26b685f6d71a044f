"""The real API over tables in memory, on a port of its own, and a hand on its requests: who answers when."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.sync_api import Page, Route

from tests.unit.read_kit import Api, script

SCRIPT = script(3).model_dump(mode="json", exclude_none=True)
for _number, _scene in enumerate(SCRIPT["scenes"], 1):
    _scene["narration"] = f"What is said in scene {_number}."
_API = "const { api } = await import('/studio/api.js')"


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[StudioServer]:
    """The API and its pages until the block ends; `changes`: of the settings."""
    api = Api(folder, **changes)
    config = uvicorn.Config(api.app, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    try:
        yield StudioServer(_port(server), api)
    finally:
        server.should_exit = True
        thread.join(20)


def _port(server: uvicorn.Server, patience_s: float = 30) -> int:
    deadline = time.monotonic() + patience_s
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    number: int = server.servers[0].sockets[0].getsockname()[1]
    return number


class StudioServer:
    """Where it is, and what it keeps."""

    def __init__(self, port: int, api: Api) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.api = api
        self._http = httpx.Client(base_url=self.url, timeout=20)

    def project(self, page: Page, **changes: Any) -> str:
        """A new project of the page's viewer, with a script of three scenes; its id."""
        asked = (
            "([body]) => import('/studio/api.js').then(({ api }) => api.signIn().then(() => api.projects.open(body)))"
        )
        opened: dict[str, Any] = page.evaluate(asked, [{"text": "mine", "script": SCRIPT} | changes])
        return str(opened["project_id"])


def see(page: Page, project_id: str) -> dict[str, Any]:
    """The project as the API has it."""
    found: dict[str, Any] = page.evaluate(
        "id => import('/studio/api.js').then(({ api }) => api.projects.get(id))", project_id
    )
    return found


class Gate:
    """Holds back the requests that it is put before, until it is opened."""

    def __init__(self, page: Page, address: str, method: str) -> None:
        self.page, self.method, self.held, self.open = page, method, list[Route](), False
        page.route(address, self._come)

    def _come(self, route: Route) -> None:
        if route.request.method != self.method or self.open:
            route.continue_()
        else:
            self.held.append(route)

    def until(self, count: int, patience_s: float = 30) -> Gate:
        """Wait until so many are held back."""
        deadline = time.monotonic() + patience_s
        while len(self.held) < count:
            assert time.monotonic() < deadline, f"{len(self.held)} requests came, not {count}"
            self.page.wait_for_timeout(20)
        return self

    def release(self) -> None:
        """Let go, those that wait and those that come."""
        self.open = True
        for route in self.held:
            route.continue_()
