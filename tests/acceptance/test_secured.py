"""The whole system with a Kafka and a Cassandra that want TLS and passwords; nothing tells a password."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from infra.supervisor.private import private_system
from tests.integration.secured_broker import PASSWORD, USER, secured_broker
from tests.integration.secured_cassandra import secured_cassandra
from tests.integration.secured_cassandra import settings as cassandra_settings

pytestmark = pytest.mark.timeout(600)


def test_a_video_is_made_over_tls_and_the_password_stays_secret(tmp_path: Path) -> None:
    # given
    for name in ("kafka", "cassandra"):
        (tmp_path / name).mkdir()
    with secured_broker(tmp_path / "kafka") as kafka, secured_cassandra(tmp_path / "cassandra") as node:
        login = {
            "KAFKA": kafka.login, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_CA": str(kafka.authority.file),
            "KAFKA_USER": USER, "KAFKA_PASSWORD": PASSWORD,
        }  # fmt: skip
        cassandra = {name.upper(): str(value) for name, value in cassandra_settings(node).items()}
        with private_system(tmp_path / "system", timeout=300, WORKERS="1", **login, **cassandra) as system:
            # when
            asked = system.cli(
                "prompt", "Why do cats purr?", "--wait", "--out", str(tmp_path / "cats.mp4"), timeout=280
            )
            status = system.cli("status", "--json")
            running = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        # then
        assert asked.returncode == 0, asked.stderr
        assert (tmp_path / "cats.mp4").stat().st_size > 100_000
        parts = {part["name"]: part["state"] for part in json.loads(status.stdout)["parts"]}
        assert parts["kafka"] == parts["cassandra"] == "ready"
        assert not [line for line in running if PASSWORD in line]
        told = [system.log, *(system.data_dir / "logs").iterdir()]
        assert not [path for path in told if PASSWORD in path.read_text()]
