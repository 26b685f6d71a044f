"""`swipestream contracts generate|check|publish` in a checkout of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra.contracts import files, published
from infra.contracts.commands import register
from infra.contracts.errors import DriftError, IncompatibleError, NoCheckoutError, RegistryUnreachableError
from schemas.base import REGISTRY
from schemas.documents.bundle import bundle
from tests.contract.contract_kit import MESSAGES
from tests.contract.fake_registry import fake_registry


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that is generated and published, as of today."""
    files.write(tmp_path, bundle(REGISTRY))
    published.freeze(tmp_path)
    monkeypatch.setattr(files, "checkout", lambda: tmp_path)
    return tmp_path


def run(*words: str) -> Any:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["contracts", *words], catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


def test_generate_writes_what_is_missing_and_removes_what_is_no_longer_made(checkout: Path) -> None:
    # given: one file lost, one edited, one left over
    page = checkout / "docs/reference/events.md"
    (checkout / "schemas/documents/json/SwipeRecorded.v1.json").unlink()
    page.write_text("edited")
    (checkout / "schemas/documents/json/Gone.v1.json").write_text("{}")
    # then: the check lists them and changes nothing
    with pytest.raises(DriftError, match="3 of "):
        run("generate", "--check")
    assert page.read_text() == "edited"
    # when
    told = run("generate").stdout
    # then
    assert told.split("\n")[:3] == [
        "outdated  docs/reference/events.md",
        "left over schemas/documents/json/Gone.v1.json",
        "missing   schemas/documents/json/SwipeRecorded.v1.json",
    ]
    assert json.loads(run("generate", "--check", "--json").stdout) == []


def test_check_shows_where_every_message_stands(checkout: Path) -> None:
    (checkout / "schemas/published/VideoFailed.v1.json").unlink()
    states = {item["message"]: item["state"] for item in json.loads(run("check", "--json").stdout)}
    assert states == {model.TYPE: "published" for model in MESSAGES} | {"VideoFailed": "new"}
    assert "VideoFailed" in run("check").stdout


def test_an_incompatible_change_is_neither_published_nor_registered(checkout: Path) -> None:
    # given: what was published had a key of its own
    place = checkout / "schemas/published/SwipeRecorded.v1.json"
    change(place, **{"x-key": "video_id"})
    before = place.read_bytes()
    # then
    with fake_registry() as registry:
        for words in (["check"], ["publish", "--registry", registry.url]):
            with pytest.raises(IncompatibleError, match=r"SwipeRecorded v1: moved \(key\)"):
                run(*words)
    assert registry.requests == []
    assert place.read_bytes() == before


def test_publish_freezes_what_changed_and_registers_everything(checkout: Path) -> None:
    # given
    (checkout / "schemas/published/VideoFailed.v1.json").unlink()
    with fake_registry() as registry:
        # when
        done = json.loads(run("publish", "--registry", registry.url, "--json").stdout)
    # then
    assert done["frozen"] == ["VideoFailed.v1"]
    assert {item["subject"] for item in done["registered"]} == set(registry.subjects)
    for name in ("VideoFailed.v1.json", "SwipeRecorded.v1.json"):
        frozen = (checkout / "schemas/published" / name).read_text(encoding="utf-8")
        assert frozen == bundle(REGISTRY)[f"schemas/documents/json/{name}"]
    assert "frozen" not in run("publish").stdout


def test_nothing_is_frozen_when_the_registry_is_away(checkout: Path) -> None:
    place = checkout / "schemas/published/VideoFailed.v1.json"
    place.unlink()
    with pytest.raises(RegistryUnreachableError):
        run("publish", "--registry", "http://127.0.0.1:1")
    assert not place.exists()


def test_an_installed_package_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.__file__", str(tmp_path / "schemas/__init__.py"))
    with pytest.raises(NoCheckoutError):
        files.checkout()
