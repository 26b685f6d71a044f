"""The page's client, the real API and gateway, tokens required: one expires while the stream is open."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from query_api.gateway import Gateway, Hub, Limits
from tests.acceptance.browser_kit import PATIENCE_S, Viewer, chromium
from tests.unit.gateway_kit import batch
from tests.unit.read_kit import Api

pytestmark = pytest.mark.timeout(200)
#: Long enough for a busy machine to renew a token in; the test waits for it to pass.
LIFE_S = 10


class Served:
    """The API and a gateway that believe the same tokens."""

    def __init__(self, folder: Path) -> None:
        self.api = Api(folder, auth="required")
        self.url, self.gateway, self._stop = "", "", asyncio.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()

    def token(self, life_s: float) -> str:
        return TokenIssuer(root_key(self.api.parts.settings)).issue("ada", [Scope.VIEWER], life_s)

    @contextmanager
    def serving(self) -> Iterator[Served]:
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        thread.start()
        assert self._ready.wait(PATIENCE_S)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(20)
            self._loop.close()

    async def _serve(self) -> None:
        hub = Hub(limits=Limits(drain_s=0.05))
        hub.take(batch(positions={0: 0}))
        server = uvicorn.Server(uvicorn.Config(self.api.app, port=0, log_level="error", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve())
        async with Gateway(hub, (), self.api.identity.who) as gateway:
            await gateway.listen("127.0.0.1", 0)
            while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
                await asyncio.sleep(0.01)
            self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
            self.gateway = f"ws://127.0.0.1:{gateway.port}/"
            self._ready.set()
            await self._stop.wait()
            await gateway.drain()
            server.should_exit = True
            await serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path).serving() as served:
        yield served


_TWO_STREAMS = """async ([gateway, token, expires]) => {
  const { Swipestream } = await import('/client/index.js');
  const kept = { token, viewer: 'ada', expires, due: Date.now() + 100 };
  const mine = new Swipestream({ memory: { load: () => kept, save: () => {} } });
  const given = new Swipestream({ token });
  const told = { mine: [], given: [] };
  for (const [name, api] of Object.entries({ mine, given })) {
    api.gateway = async () => gateway;
    const stream = api.stream();
    stream.addEventListener('frame', ({ detail }) => told[name].push(detail.type));
    stream.addEventListener('closed', ({ detail }) => told[name].push(detail.code));
    stream.open();
  }
  while (told.given.at(-1) !== 4006) await new Promise((done) => setTimeout(done, 100));
  await new Promise((done) => setTimeout(done, 500));
  return { ...told, renewed: mine.session.access !== token, viewer: mine.viewer };
}"""


def test_a_session_is_renewed_without_dropping_the_stream_and_a_token_that_is_not_ends_it(served: Served) -> None:
    token, expires = served.token(LIFE_S), (time.time() + LIFE_S) * 1000
    with chromium() as browser, Viewer(browser, served.url) as viewer:
        viewer.open("icon.svg")  # a page without scripts of its own
        told: dict[str, Any] = viewer.page.evaluate(_TWO_STREAMS, [served.gateway, token, expires])
    # The stream of the session says hello once, and goes on; that of the given token is closed with its code
    assert told["given"] == ["welcome", 4006]
    assert [each for each in told["mine"] if each in ("welcome", 4006)] == ["welcome"]
    assert (told["renewed"], told["viewer"]) == (True, "ada")
