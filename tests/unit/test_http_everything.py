"""Every address of the API, as its own document lists them: whose objects it gives to whom, and its examples run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from infra.auth.scopes import Scope
from tests.unit.api_world import World
from tests.unit.read_kit import Api

#: What somebody else gets who asks for anna's objects. `own`: there are no objects of anna's in it, only the caller's.
#: `shared`: everyone gets the same. A new address that is not here fails the test below: say whose it is.
OTHERS: dict[str, int | str] = {
    "POST /v1/sessions": "own",
    "GET /v1/feed": "own",
    "POST /v1/swipes": "own",
    "GET /v1/live": "own",
    "POST /v1/prompts": "own",
    "GET /v1/history": "own",
    "GET /media/{name}": 403,
    "POST /v1/projects": "own",
    "GET /v1/projects": "own",
    "GET /v1/projects/{project_id}": 404,
    "PATCH /v1/projects/{project_id}": 404,
    "DELETE /v1/projects/{project_id}": 404,
    "GET /v1/projects/{project_id}/events": 404,
    "POST /v1/projects/{project_id}/draft": 404,
    "POST /v1/projects/{project_id}/scenes": 404,
    "PATCH /v1/projects/{project_id}/scenes/{number}": 404,
    "DELETE /v1/projects/{project_id}/scenes/{number}": 404,
    "POST /v1/projects/{project_id}/scenes/{number}/redo": 404,
    "PUT /v1/projects/{project_id}/order": 404,
    "POST /v1/projects/{project_id}/approve": 404,
    "POST /v1/projects/{project_id}/render": 404,
    "POST /v1/projects/{project_id}/revisions/{revision}/promote": 404,
    "POST /v1/uploads": "own",
    "GET /v1/uploads": "own",
    "GET /v1/uploads/{upload_id}": 404,
    "DELETE /v1/uploads/{upload_id}": 404,
    "GET /v1/videos/{video_id}": 404,
    "GET /v1/videos/{video_id}/events": 404,
    "GET /v1/videos/{video_id}/revisions": 404,
    "GET /v1/videos/{video_id}/lineage": 404,
    "GET /v1/lineage/{id}": 403,
    "POST /v1/videos/{video_id}/report": 404,
    "POST /v1/videos/{video_id}/withdraw": 403,
    "GET /v1/reports": 403,
    "GET /v1/figures": "shared",
    "GET /v1/flavors": "shared",
    "GET /healthz": "shared",
    "GET /readyz": "shared",
    "GET /metrics": "shared",
}


def document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = Api(Path(folder)).app.openapi()
        return found


DOCUMENT = document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
WITH_BODY = [name for name, operation in OPERATIONS.items() if "requestBody" in operation]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return await World(tmp_path).fill()


def example(name: str) -> Any:
    """The body that the document shows, of whoever asks; none where any will do."""
    content = OPERATIONS[name].get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    for option in (schema, *schema.get("anyOf", ())):
        if ref := option.get("$ref"):
            examples = DOCUMENT["components"]["schemas"][ref.rpartition("/")[2]].get("examples")
            return {k: v for k, v in examples[0].items() if k != "viewer_id"} if examples else None
    return None


async def ask(world: World, name: str, headers: dict[str, str], video: str, body: Any) -> Any:
    method, template = name.split(" ")
    content = b"" if name != "POST /v1/uploads" else None
    sent = {"If-Match": "*", **headers}
    if name == "POST /v1/uploads":
        from tests.unit.api_world import picture

        return await world.api.request(method, world.path(template, video), content=picture(), headers=sent)
    if body is None:
        return await world.api.request(method, world.path(template, video), content=content, headers=sent)
    return await world.api.request(method, world.path(template, video), json=body, headers=sent)


def test_it_is_said_of_every_address_whose_its_objects_are() -> None:
    assert set(OPERATIONS) == set(OTHERS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_what_is_annas_is_nobody_elses(world: World, name: str) -> None:
    sent = len(world.api.publisher.sent)
    expected = OTHERS[name]
    answer = await ask(world, name, world.bob, world.mine, example(name))
    if isinstance(expected, int):
        assert answer.status_code == expected, answer.text
        assert len(world.api.publisher.sent) == sent
        # while she herself gets it, or an operator does
        if expected == 404 and "promote" not in name and "report" not in name:
            world.approve()
            assert (await ask(world, name, world.anna, world.mine, example(name))).status_code < 300
        return
    assert answer.status_code < 400, answer.text
    # and nothing of hers is in it
    assert not [word for word in ("anna", world.mine, *_hers(world)) if word in answer.text]


def _hers(world: World) -> list[str]:
    return [world.objects["project_id"], world.objects["upload_id"]]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_without_a_token_there_is_nothing(world: World, name: str) -> None:
    answer = await ask(world, name, {}, world.mine, example(name))
    public = name.split(" ")[1] in ("/v1/sessions", "/healthz", "/readyz", "/metrics")
    assert answer.status_code < 400 if public else answer.status_code in (401, 403)


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if name != "GET /media/{name}"))
async def test_a_token_that_only_watches_makes_and_manages_nothing(world: World, name: str) -> None:
    watcher = world.token("anna", Scope.VIEWER)
    sent = len(world.api.publisher.sent)
    answer = await ask(world, name, watcher, world.shown, example(name))
    makes = any(
        word in name for word in ("projects", "prompts", "uploads", "figures", "withdraw", "reports", "/lineage/")
    )
    assert (answer.status_code == 403) == makes, answer.text
    if makes:
        assert len(world.api.publisher.sent) == sent


@pytest.mark.parametrize("name", WITH_BODY)
async def test_the_examples_of_the_document_run(world: World, name: str) -> None:
    world.approve()
    world.finish()
    headers = world.operator if "withdraw" in name else world.anna
    answer = await ask(world, name, headers, world.shown, example(name))
    assert answer.status_code < 300, answer.text
    assert str(answer.status_code) in OPERATIONS[name]["responses"]
