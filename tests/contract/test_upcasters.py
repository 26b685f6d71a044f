"""Old versions are lifted to the newest, step by step; what no step leads to is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import base, codec, errors, upcasters
from schemas.base import Message, ViewerId

KEY = b"viewer-1"


class Waved(Message):
    """A contract of this test: once `hello`, then `greeting`, then `greeting` and `times`."""

    viewer_id: ViewerId
    greeting: str
    times: int

    @property
    def key(self) -> str:
        return self.viewer_id


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Waved` v3 beside the real contracts, with upcasters from 1 and 2."""
    monkeypatch.setattr(base, "REGISTRY", registered := dict(base.REGISTRY))
    monkeypatch.setattr(codec, "REGISTRY", registered)
    monkeypatch.setattr(codec, "_NEWEST", {})
    base.message("swipes", version=3)(Waved)
    monkeypatch.setitem(upcasters.UPCASTERS, ("Waved", 1), from_1)
    monkeypatch.setitem(upcasters.UPCASTERS, ("Waved", 2), lambda old: old | {"times": 1})


def from_1(old: dict[str, Any]) -> dict[str, Any]:
    """An upcaster says in a ValueError what it cannot lift."""
    if "hello" not in old:
        raise ValueError("hello is missing")
    return {"viewer_id": old["viewer_id"], "greeting": old["hello"]}


def read(version: int, value: Any, kind: str = "Waved") -> Message:
    headers = {
        "ce_id": "1",
        "ce_source": "/test",
        "ce_time": "2026-11-21T12:00:00+00:00",
        "ce_type": f"swipestream.{kind}",
        "ce_dataschema": f"urn:swipestream:schema:{kind}:{version}",
    }
    return codec.decode("swipes", KEY, json.dumps(value).encode(), headers).data


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("version", "value"),
    [
        (1, {"viewer_id": "viewer-1", "hello": "hi"}),
        (2, {"viewer_id": "viewer-1", "greeting": "hi"}),
        (3, {"viewer_id": "viewer-1", "greeting": "hi", "times": 1}),
    ],
)
def test_every_version_becomes_the_newest(version: int, value: Any) -> None:
    assert read(version, value) == Waved(viewer_id="viewer-1", greeting="hi", times=1)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("version", "kind", "reason"),
    [
        (4, "Waved", errors.UnknownVersionError),
        (0, "Waved", errors.UnknownVersionError),
        (1, "Nodded", errors.UnknownTypeError),
    ],
)
def test_an_unknown_version_or_type_is_refused(version: int, kind: str, reason: type[Exception]) -> None:
    with pytest.raises(reason):
        read(version, {"viewer_id": "viewer-1"}, kind)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("value", [["not", "an", "object"], {"viewer_id": "viewer-1"}, {"viewer_id": 7, "hello": "hi"}])
def test_an_old_value_that_is_not_what_its_version_says_is_refused(value: Any) -> None:
    with pytest.raises(errors.InvalidPayloadError):
        read(1, value)


@pytest.mark.usefixtures("registry")
def test_a_step_that_is_missing_is_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: nothing leads from 1 to 2
    monkeypatch.delitem(upcasters.UPCASTERS, ("Waved", 1))
    # then: the old value is held against the newest contract, and fails
    with pytest.raises(errors.InvalidPayloadError):
        read(1, {"viewer_id": "viewer-1", "hello": "hi"})
