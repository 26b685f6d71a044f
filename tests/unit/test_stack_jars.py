from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack import jars, lock
from infra.stack.errors import DownloadError

_CONTENT = {"one": b"1" * 50_000, "two": b"2" * 10}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A repository with two jars and a lock that names them: its folder and its address."""
    rows = []
    for name, content in _CONTENT.items():
        folder = tmp_path / "repository" / "org" / "example" / name / "1.0"
        folder.mkdir(parents=True)
        (folder / f"{name}-1.0.jar").write_bytes(content)
        rows.append(f"part org.example:{name}:1.0 {len(content)} {hashlib.sha256(content).hexdigest()}\n")
    monkeypatch.setattr(lock, "LOCK_FILE", tmp_path / "jars.lock")
    lock.LOCK_FILE.write_text("# comment\n" + "".join(rows))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    handler = functools.partial(_Quiet, directory=str(tmp_path / "repository"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path / "repository", f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _cached() -> list[str]:
    return sorted(path.name for path in jars.cache_dir().iterdir())


def test_missing_jars_are_downloaded_and_counted(repository: tuple[Path, str]) -> None:
    arrived: list[int] = []

    jars.fetch("part", mirror=repository[1], progress=arrived.append)

    assert sum(arrived) == 50_010
    assert jars.missing("part") == []
    assert [Path(path).read_bytes() for path in jars.class_path("part").split(":")] == list(_CONTENT.values())


def test_what_is_there_is_not_asked_for_again(repository: tuple[Path, str]) -> None:
    jars.fetch("part", mirror=repository[1])

    jars.fetch("part", mirror="http://127.0.0.1:1")


def test_a_jar_that_was_cut_short_is_fetched_anew(repository: tuple[Path, str]) -> None:
    jars.fetch("part", mirror=repository[1])
    (jars.cache_dir() / "two-1.0.jar").write_bytes(b"2")

    assert [jar.filename for jar in jars.missing("part")] == ["two-1.0.jar"]
    jars.fetch("part", mirror=repository[1])

    assert jars.missing("part") == []


def test_a_jar_of_other_content_is_refused_and_what_was_right_is_kept(repository: tuple[Path, str]) -> None:
    forged = repository[0] / "org/example/two/1.0/two-1.0.jar"
    forged.write_bytes(b"3" * 10)

    with pytest.raises(
        DownloadError, match=r"two-1.0.jar could not be downloaded: .* not what jars.lock says"
    ) as error:
        jars.fetch("part", mirror=repository[1])

    assert error.value.hint
    assert "two-1.0.jar" not in _cached()


def test_no_network_is_one_clear_error(repository: tuple[Path, str]) -> None:
    with pytest.raises(DownloadError):
        jars.fetch("part", mirror="http://127.0.0.1:1")

    assert _cached() == []


def test_an_interrupt_leaves_nothing_half_done(repository: tuple[Path, str]) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jars.fetch("part", mirror=repository[1], progress=interrupt)

    assert not [name for name in _cached() if name.startswith(".part")]


def test_every_jar_of_the_lock_is_pinned_once() -> None:
    for part in lock.ROOTS:
        names = [jar.filename for jar in lock.read(part)]
        assert len(names) == len(set(names)) > 40
        assert lock.read(part)[0].coordinate == lock.ROOTS[part][0]
    same = {jar.filename: jar.sha256 for part in lock.ROOTS for jar in lock.read(part)}
    assert all(same[jar.filename] == jar.sha256 for part in lock.ROOTS for jar in lock.read(part))
