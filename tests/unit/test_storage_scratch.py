"""Temporary files have a home, and what killed processes left in it is removed."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.storage.scratch import own_folder, scratch

#: A process that keeps a file in its scratch folder, says so, and waits until its standard input ends.
_OWNER = """\
import sys, tempfile
from pathlib import Path
from infra.storage.scratch import scratch
with scratch(Path(sys.argv[1])):
    folder = tempfile.mkdtemp(prefix="scene-")
    (Path(folder) / "clip.mp4").write_bytes(b"a clip")
    print(folder, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _owner(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    command = [sys.executable, "-c", _OWNER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())


def _folders(root: Path) -> list[Path]:
    """What is in a root beside its lock."""
    return [path for path in root.iterdir() if path.is_dir()]


def test_temporary_files_go_with_the_block_and_the_default_comes_back(tmp_path: Path) -> None:
    before = tempfile.gettempdir()

    with scratch(tmp_path / "scratch") as folder:
        made = Path(tempfile.mkdtemp(prefix="scene-"))
        assert made.parent == folder and folder.parent == tmp_path / "scratch"

    assert tempfile.gettempdir() == before
    assert _folders(tmp_path / "scratch") == []


def test_what_a_killed_process_left_goes_when_the_next_one_starts(tmp_path: Path) -> None:
    # given a process that was killed in the middle of a scene
    with _owner(tmp_path) as (process, left):
        process.kill()
    assert (left / "clip.mp4").exists()

    # when another one starts
    with own_folder(tmp_path) as folder:
        # then its own folder is all there is
        assert _folders(tmp_path) == [folder]


def test_what_a_living_process_uses_stays(tmp_path: Path) -> None:
    with _owner(tmp_path) as (process, used):
        with own_folder(tmp_path):
            assert (used / "clip.mp4").read_bytes() == b"a clip"
        assert used.exists()

        # and goes when it ends as it should
        process.communicate()
        assert _folders(tmp_path) == []


def test_a_folder_that_is_itself_locked_stays(tmp_path: Path) -> None:
    # given the folder of a version that locks folders, not files in them
    used = tmp_path / "tmpused"
    used.mkdir()
    descriptor = os.open(used, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    # when another starts, then it stays, and goes once it is free
    with own_folder(tmp_path):
        assert used.exists()
    os.close(descriptor)
    with own_folder(tmp_path):
        assert not used.exists()


def test_many_that_start_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    def use(number: int) -> bool:
        with own_folder(tmp_path) as folder:
            (folder / "file").write_text(str(number))
            return (folder / "file").read_text() == str(number)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(use, range(200)))
    assert _folders(tmp_path) == []


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch(tmp_path) as folder:
        (folder / "file").write_text(str(1 / 0))

    assert _folders(tmp_path) == []
