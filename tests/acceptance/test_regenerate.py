"""Regenerate, compare, promote: on the whole system, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from infra.supervisor.private import PrivateSystem
from tests.acceptance.test_whole_path import submit
from tests.acceptance.waiting import until

pytestmark = pytest.mark.timeout(300)


def cli(system: PrivateSystem, *words: str, timeout: float = 200) -> dict[str, Any]:
    said = system.cli(*words, "--json", timeout=timeout)
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def test_a_scene_is_redone_compared_and_promoted(system: PrivateSystem, tmp_path: Path) -> None:
    with httpx.Client(base_url=system.api_url, timeout=10) as api:
        # Given a published video
        video_id = submit(api, "Why do foxes yawn?")
        first = until(lambda: card(api, video_id))
        # When its second scene is redone
        why = ("--reason", "too dark", "--operator", "ann")
        made = cli(system, "regenerate", video_id, "--scene", "2", "--seed", "7", *why, "--wait")
        assert (made["revision"], made["status"]) == (2, "published")
        # Then viewers still see the first
        assert until(lambda: card(api, video_id))["media"] == first["media"]
        # And the second differs in that scene alone, which is the only one that was paid for
        found = cli(system, "diff", video_id, "--revision", "1", "2", "--out", str(tmp_path / "frames.png"))
        assert {scene["scene_number"] for scene in found["scenes"] if scene["state"] != "same"} == {2}
        assert all(scene["reused"] for scene in found["scenes"] if scene["scene_number"] != 2)
        assert found["script"] == [] and found["costs"][1]["cpu_seconds"] < found["costs"][0]["cpu_seconds"]
        with Image.open(tmp_path / "frames.png") as picture:
            assert picture.height == 788
        # When it is promoted
        cli(system, "promote", video_id, "2", *why)
        # Then viewers see it, in the place of the first
        second = until(lambda: card(api, video_id, 2))
        assert second["media"]["video"] == f"/media/{made['video']}"
        assert second["published_at"] == first["published_at"]


def card(api: httpx.Client, video_id: str, revision: int = 1) -> dict[str, Any] | None:
    answer = api.get(f"/v1/videos/{video_id}")
    found: dict[str, Any] | None = answer.json().get("card") if answer.is_success else None
    return found if found and found["revision"] == revision else None
