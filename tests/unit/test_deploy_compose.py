"""The whole system in Docker is what `swipestream up` starts, as far as that can be seen without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.ending import DRAIN_S
from infra.settings import PREFIX, Settings
from infra.stack.docker import COMPOSE_FILE
from infra.supervisor import plan
from infra.supervisor.part import Part

STORES: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
SYSTEM: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.with_name("compose.system.yaml").read_text())
OURS: dict[str, Any] = {name: service for name, service in SYSTEM["services"].items() if name not in STORES}


def planned(data_dir: Path) -> dict[str, Part]:
    """What `up` starts beside stores of its own, its only worker as `worker`."""
    config = Settings(_env_file=None, data_dir=data_dir, kafka="", cassandra="", workers=1, worker_port=9100)  # type: ignore[call-arg]
    return {part.name.removesuffix("-1"): part for part in plan.app_parts(config, starter=True)}


def test_the_services_are_the_parts_with_their_commands_and_what_they_wait_for(tmp_path: Path) -> None:
    parts = planned(tmp_path)

    assert list(OURS) == list(parts)
    for name, part in parts.items():
        assert OURS[name]["command"] == ["python", *part.command[1:]]
        assert set(OURS[name]["depends_on"]) == set(part.depends_on)
        assert OURS[name]["restart"] == ("on-failure" if part.once else "unless-stopped")


def test_they_wait_until_migrations_are_over_and_servers_healthy(tmp_path: Path) -> None:
    parts = planned(tmp_path)

    for service in OURS.values():
        for other, how in service["depends_on"].items():
            once = other in parts and parts[other].once
            assert how == {"condition": "service_completed_successfully" if once else "service_healthy"}
            assert once or "healthcheck" in OURS.get(other, STORES.get(other))
    assert {name for name, service in OURS.items() if "healthcheck" in service} == {"worker", "api"}


def test_settings_are_spelt_right_and_reach_the_stores() -> None:
    for service in OURS.values():
        names = {name.removeprefix(PREFIX).lower() for name in service["environment"]}
        assert {"kafka", "cassandra"} <= names <= set(Settings.model_fields)
        assert f"INSIDE://{service['environment']['SWIPESTREAM_KAFKA']}" in _kafka("ADVERTISED_LISTENERS")


def test_the_broker_keeps_the_listeners_that_it_has_without_us() -> None:
    for name in ("LISTENERS", "ADVERTISED_LISTENERS", "LISTENER_SECURITY_PROTOCOL_MAP"):
        before = STORES["kafka"]["environment"][f"KAFKA_{name}"].split(",")
        now = _kafka(name).split(",")
        assert [one for one in now if not one.startswith("INSIDE:")] == before
        assert len(now) == len(before) + 1


def _kafka(name: str) -> str:
    return str(SYSTEM["services"]["kafka"]["environment"][f"KAFKA_{name}"])


@pytest.mark.parametrize("name", OURS)
def test_a_part_may_do_no_more_than_it_must(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["media:/data"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN_S
    assert ("SWIPESTREAM_HOST" in service["environment"]) == (name == "api")
