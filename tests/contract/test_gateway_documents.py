"""The gateway's documents say what the gateway says: each frame and each request, against the real code."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from query_api.gateway import door, entries, frames, requests
from query_api.gateway.hub import Hub
from query_api.gateway.tokens import Cut
from schemas.base import REGISTRY
from schemas.documents import gateway
from schemas.documents.json_schema import schema_of
from tests.contract.contract_kit import golden
from tests.unit.gateway_kit import ListSink, batch, received, unpack

FRAMES = {schema_of(model)["properties"]["type"]["const"]: model for model in gateway.FRAMES}
TOLD = ["VideoPublished", "VideoWithdrawn", "PromptAccepted", "PromptRejected", "VideoFailed"]


def check(frame: dict[str, Any]) -> None:
    """A frame is documented, and has no field that is not."""
    schema = schema_of(FRAMES[frame["type"]])
    assert [error.message for error in Draft202012Validator(schema).iter_errors(frame)] == []
    assert frame.keys() <= schema["properties"].keys()


def event(name: str) -> Any:
    """Of the first revision."""
    return REGISTRY[(name, 1)].model_validate(golden(f"{name}.v1")["value"] | {"revision": 1})


@pytest.mark.parametrize("name", TOLD)
def test_the_frames_of_events_are_documented(name: str) -> None:
    # given: a record that clients hear of
    entry = entries.entry(received(event(name), 7), 1, "token", Cut("0" * 12, (8,)))
    assert entry is not None
    # then
    for bare in (entry.private, entry.public):
        for frame in (bare, bare and frames.stamped(bare, "token")):
            for content in unpack(frame) if frame else ():
                check(content)


@pytest.mark.parametrize("name", ["VideoPublished", "PromptRejected", "VideoFailed"])
def test_the_end_of_a_later_revision_is_documented_and_shows_nothing_of_it(name: str) -> None:
    later = event(name).model_copy(update={"revision": 2})
    entry = entries.entry(received(later, 7), 1, "token", Cut("0" * 12, (8,)))
    assert entry is not None and entry.public is None
    (frame,) = unpack(entry.private)
    check(frame)
    assert frame["type"] == "revision" and "card" not in frame


@pytest.mark.parametrize(("revision", "overtaken_by"), [(1, 2), (1, None), (2, 3), (2, None)])
def test_a_dropped_revision_is_documented(revision: int, overtaken_by: int | None) -> None:
    dropped = event("RevisionDropped").model_copy(update={"revision": revision, "overtaken_by": overtaken_by})
    entry = entries.entry(received(dropped, 7), 1, "token", Cut("0" * 12, (8,)), owner="ann")
    assert entry is not None and entry.public is None and entry.owner == "ann"
    (frame,) = unpack(entry.private)
    check(frame)
    assert (frame["type"], frame["status"], frame.get("overtaken_by")) == ("revision", "dropped", overtaken_by)


@pytest.mark.parametrize(
    "frame",
    [
        frames.welcome(token=None, resumed=False, replayed=0, beat_s=10.0, live=False),
        frames.welcome(token="t", resumed=True, replayed=3, beat_s=10.0, live=True),
        frames.resync("expired", "t"),
        frames.beat(None, True),
        frames.error("not_json", "Expecting value"),
        frames.close(4008, "too much unread"),
    ],
)
def test_the_other_frames_are_documented(frame: bytes) -> None:
    check(unpack(frame)[0])


async def test_progress_is_documented() -> None:
    # given: a video that is being made
    hub, sink, making = Hub(), ListSink(), event("RenderProgress")
    accepted = event("PromptAccepted").model_copy(update={"video_id": making.video_id, "revision": making.revision})
    hub.take(batch([received(accepted, 0), received(making, 0)], positions={0: 0}))
    # when: a client comes to watch it
    await hub.join(sink, requests.Hello(type="hello", viewer_id="v", videos=(making.video_id,)))
    # then
    assert [frame["type"] for frame in sink.frames] == ["welcome", "progress"]
    for frame in sink.frames:
        check(frame)


@pytest.mark.parametrize("documented", gateway.REQUESTS, ids=lambda model: model.__name__)
def test_requests_are_those_that_the_gateway_reads(documented: type[BaseModel]) -> None:
    real = getattr(requests, documented.__name__)
    assert schema_of(documented)["properties"] == schema_of(real)["properties"]
    assert schema_of(documented)["required"] == schema_of(real)["required"]


def test_no_request_is_undocumented() -> None:
    assert {model.__name__ for model in gateway.REQUESTS} == {model.__name__ for model in requests.Request.__args__}


def test_the_address_is_one_that_the_gateway_answers_at() -> None:
    assert gateway.PATH in door.PATHS
