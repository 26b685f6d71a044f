"""The whole OpenAPI document against a running server, with tokens: whatever fits the document, and whatever does not.

The server is real (uvicorn, sockets); its log and its tables are in memory. Seeded: the same requests each time.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from infra.stack.ports import free_port
from tests.unit.api_world import World
from tests.unit.read_kit import Api

#: Seconds that an answer may take: whether they come in time is measured elsewhere.
PATIENCE_S = 60.0
CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
    openapi.negative_data_rejection,
    openapi.ignored_auth,
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The API over a store in memory, on a port of its own. `url` says where."""
    world = World(tmp_path_factory.mktemp("site"), rate_viewer="999999/second", rate_make="999999/second",
                  rate_address="999999/second")  # fmt: skip
    port = free_port()
    config = uvicorn.Config(world.api.app, port=port, log_config=None, access_log=False, timeout_keep_alive=30)
    server = uvicorn.Server(config)

    async def serve() -> None:
        await world.fill()
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    world.url = f"http://127.0.0.1:{port}"
    yield world
    server.should_exit = True
    thread.join(10)


def _document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = Api(Path(folder)).app.openapi()
        return found


schema = schemathesis.openapi.from_dict(_document())
#: What is refused for its length is refused.
_refusals = schema.config.checks.negative_data_rejection
_refusals.expected_statuses = [*_refusals.expected_statuses, "413"]


@schema.parametrize()
@settings(
    max_examples=12, derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@pytest.mark.timeout(300)
def test_every_address_does_what_its_document_says(case: Any, site: World) -> None:
    _aim(case, site)
    headers = {**site.operator, **_conditional(case)}
    case.call_and_validate(base_url=site.url, headers=headers, checks=CHECKS, timeout=PATIENCE_S)


def _aim(case: Any, site: World) -> None:
    """Half of the well-formed ids are those of what there is; what is malformed on purpose stays so."""
    known = {**site.objects, "video_id": site.shown, "id": site.shown}
    for name, value in (case.path_parameters or {}).items():
        if name in known and _UUID.match(str(value)) and zlib.crc32(str(value).encode()) % 2:
            case.path_parameters[name] = known[name]


_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def _conditional(case: Any) -> dict[str, str]:
    return {"If-Match": "*"} if "/v1/projects/" in case.path and case.method != "GET" else {}


def test_the_document_is_served(site: World) -> None:
    answer = httpx.get(f"{site.url}/openapi.json", timeout=PATIENCE_S)
    assert answer.status_code == 200 and answer.json()["info"]["title"] == "Swipestream"
