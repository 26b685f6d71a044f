from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack import checks, ports
from infra.stack.checks import Wanted
from infra.stack.errors import DiskFullError, LowMemoryError, NotWritableError, PortInUseError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_is_named_with_who_uses_it_and_what_to_set(taken: int) -> None:
    free = Wanted("Kafka", ports.free_port(), "SWIPESTREAM_KAFKA_PORT")

    with pytest.raises(
        PortInUseError, match=rf"Port {taken}, which the API needs, is in use.*pid {os.getpid()}"
    ) as error:
        checks.check_ports([free, Wanted("the API", taken, "SWIPESTREAM_API_PORT")])

    assert "SWIPESTREAM_API_PORT" in str(error.value.hint)


def test_a_port_meant_for_two_parts_is_told_before_either_starts() -> None:
    # Cassandra's nodes talk on the port behind the one for clients; the API then never came up.
    storage = Wanted("Cassandra", ports.free_port(), "SWIPESTREAM_CASSANDRA_PORT")

    with pytest.raises(PortInUseError, match=rf"Port {storage.port} is meant for both Cassandra and the API") as error:
        checks.check_ports([storage, Wanted("the API", storage.port, "SWIPESTREAM_API_PORT")])

    assert "SWIPESTREAM_CASSANDRA_PORT or SWIPESTREAM_API_PORT" in str(error.value.hint)


def test_free_ports_are_below_those_of_outgoing_connections(taken: int) -> None:
    assert ports.in_use(taken)
    assert ports.accepts(f"127.0.0.1:{taken}")
    port = ports.free_port(pair=True)
    assert port < 32_000
    assert not ports.in_use(port) and not ports.in_use(port + 1)
    assert not ports.accepts(f"127.0.0.1:{port}")


def test_no_port_is_given_out_twice_though_nothing_listens_on_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_FREE_RANGE", range(21_000, 21_040))
    here = {ports.free_port() for _ in range(6)}
    pairs = [ports.free_port(pair=True) for _ in range(2)]
    code = """if True:
        from infra.stack import ports

        ports._FREE_RANGE = range(21_000, 21_040)
        try:
            while True:
                print(ports.free_port(), flush=True)
        except OSError:
            pass
    """
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    mine = here | {port + more for port in pairs for more in (0, 1)}
    others = [int(line) for line in there.stdout.split()]
    assert len(here) == 6 and len(mine) == 10
    assert len(others) == len(set(others)) > 20 and mine.isdisjoint(others)


def test_addresses_are_split() -> None:
    assert ports.split("one:9092, two:9093") == ("one", 9092)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(NotWritableError, match="cannot be written: Not a directory"):
        checks.check_writable(tmp_path / "file" / "data")

    checks.check_writable(tmp_path / "data" / "deep")
    assert list((tmp_path / "data" / "deep").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(NotWritableError, match="Permission denied"):
        checks.check_writable(tmp_path / "data")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    checks.check_disk(tmp_path, needed=1)

    with pytest.raises(DiskFullError, match=r"GB free, 1000000000.0 GB are needed"):
        checks.check_disk(tmp_path, needed=10**18)


def test_little_memory_is_told() -> None:
    checks.check_memory(needed=1)

    with pytest.raises(LowMemoryError, match=r"of memory are free, 1000000000.0 GB are needed"):
        checks.check_memory(needed=10**18)


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\nfile 200\n")

    assert checks.available_memory(tmp_path) == 500


@pytest.mark.parametrize("limit", ["max\n", None])
def test_no_limit_means_the_machine_counts(tmp_path: Path, limit: str | None) -> None:
    if limit:
        (tmp_path / "memory.max").write_text(limit)

    assert checks.available_memory(tmp_path) > 10_000
