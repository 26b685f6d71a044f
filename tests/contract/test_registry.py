"""Registering schemas in a Confluent-compatible registry: what is sent, and what is said when it goes wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.contracts.errors import RegistryRefusedError, RegistryUnreachableError
from infra.contracts.registry import SchemaRegistry, register_all, subjects
from schemas.base import REGISTRY, Message
from schemas.swipes import SwipeRecorded
from schemas.tasks import RenderScene
from tests.contract.contract_kit import MESSAGES
from tests.contract.fake_registry import FakeRegistry, RefusedError, fake_registry


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


def test_a_subject_is_named_after_topic_and_type() -> None:
    assert subjects(SwipeRecorded) == ["swipes-SwipeRecorded"]
    assert subjects(RenderScene) == [f"scene-tasks.{lane}-RenderScene" for lane in ("interactive", "prefetch", "bulk")]


def test_every_message_is_registered_on_each_of_its_topics(registry: FakeRegistry) -> None:
    # when
    done = register_all(registry.url, None)
    # then
    assert {item.subject for item in done} == {subject for model in MESSAGES for subject in subjects(model)}
    assert {item.subject for item in done} == set(registry.subjects)
    (schema,) = registry.subjects["swipes-SwipeRecorded"]
    assert json.loads(schema)["$id"] == "urn:swipestream:schema:SwipeRecorded:1"


def test_registering_again_changes_nothing(registry: FakeRegistry) -> None:
    first = register_all(registry.url, None)
    assert register_all(registry.url + "/", None) == first
    assert {len(versions) for versions in registry.subjects.values()} == {1}


class Grown(Message):
    """A contract of this test."""

    viewer_id: str
    more: str = ""


def with_an_older(registry: FakeRegistry) -> type[Message]:
    Grown.TYPE, Grown.VERSION, Grown.FAMILY = "Grown", 1, "swipes"
    older = json.dumps({"type": "object", "properties": {"viewer_id": {"type": "string"}}})
    registry.subjects["swipes-Grown"] = [older]
    return Grown


def test_a_registry_with_rules_of_its_own_is_explained(registry: FakeRegistry) -> None:
    # given: a registry that knows no optional fields in open objects, and a contract that got one
    model = with_an_older(registry)
    # then
    with SchemaRegistry(registry.url) as client, pytest.raises(RegistryRefusedError, match="409") as refused:
        client.register(model)
    assert "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL" in str(refused.value)
    assert "--compatibility NONE" in (refused.value.hint or "")


def test_a_rule_is_set_first_when_asked(registry: FakeRegistry) -> None:
    model = with_an_older(registry)
    with SchemaRegistry(registry.url) as client:
        client.register(model, "NONE")
    assert registry.requests == ["PUT /config/swipes-Grown", "POST /subjects/swipes-Grown/versions"]
    assert len(registry.subjects["swipes-Grown"]) == 2


def test_credentials_in_the_address_are_used_and_never_shown() -> None:
    with fake_registry(credentials="anna:secret") as registry:
        address = registry.url.replace("://", "://anna:secret@")
        assert register_all(address, None)
        wrong = address.replace("secret", "wrong")
        with pytest.raises(RegistryRefusedError, match="401: Unauthorized") as refused:
            register_all(wrong, None)
    with pytest.raises(RegistryUnreachableError) as gone:
        register_all(wrong, None)
    assert "wrong" not in str(refused.value) + str(gone.value)


@pytest.mark.parametrize(
    ("compatibility", "path", "told", "hint"),
    [
        ("SIDEWAYS", "", "422: Invalid compatibility level", "Levels are NONE"),
        (None, "/apis", "404: HTTP 404 Not Found", "/apis/ccompat/v7"),
    ],
)
def test_what_the_registry_refuses_is_told(
    registry: FakeRegistry, compatibility: str | None, path: str, told: str, hint: str
) -> None:
    with pytest.raises(RegistryRefusedError, match=told) as refused:
        register_all(registry.url + path, compatibility)
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [(500, RegistryRefusedError, "--compatibility NONE"), (503, RegistryUnreachableError, "")],
)
def test_a_registry_that_fails_is_told_from_one_that_is_away(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, status: int, kind: type[Exception], hint: str
) -> None:
    # given: what Apicurio 3.3 says when one of its rules meets JSON Schema 2020-12
    def fail(*_: Any) -> Any:
        raise RefusedError(status, 0, "#: could not determine version")

    monkeypatch.setattr(FakeRegistry, "register", fail)
    # then
    with pytest.raises(kind, match=f"{status}: #: could not determine version") as refused:
        register_all(registry.url, None)
    assert hint in (getattr(refused.value, "hint", "") or "")


def test_a_registry_that_does_not_answer_is_named() -> None:
    with pytest.raises(RegistryUnreachableError, match=r"http://127\.0\.0\.1:1/? does not answer"):
        register_all("http://127.0.0.1:1", None)


def test_an_address_that_is_no_registry_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_registry() as registry:
        monkeypatch.setattr(FakeRegistry, "register", lambda *_: ["not", "an", "object"])
        with pytest.raises(RegistryRefusedError, match="not that of a schema registry"):
            register_all(registry.url, None)


def test_the_real_contracts_are_what_is_registered() -> None:
    assert len(MESSAGES) == len({name for name, _ in REGISTRY})


@pytest.mark.skipif("SWIPESTREAM_REGISTRY" not in os.environ, reason="SWIPESTREAM_REGISTRY names no real registry")
def test_a_real_registry_takes_every_contract_and_answers_as_the_fake_does() -> None:
    # given: Apicurio 3.3.3, for one
    url = os.environ["SWIPESTREAM_REGISTRY"]
    # when
    first = register_all(url, "NONE")
    # then
    assert register_all(url, "NONE") == first
    assert {item.subject for item in first} == {subject for model in MESSAGES for subject in subjects(model)}
    held = httpx.get(f"{url}/subjects/swipes-SwipeRecorded/versions/latest").json()
    assert json.loads(held["schema"])["$id"] == "urn:swipestream:schema:SwipeRecorded:1"
    with pytest.raises(RegistryRefusedError, match="422: Invalid compatibility level"):
        register_all(url, "SIDEWAYS")
    with pytest.raises(RegistryRefusedError, match="404"):
        register_all(str(httpx.URL(url).copy_with(path="/")), None)
