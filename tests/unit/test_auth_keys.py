"""The installation's key: kept for its owner alone, and one of its own for each use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.auth.keys import derived, load_key, root_key
from infra.settings import Settings


def test_the_key_is_kept_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.key"
    key = load_key(path)
    assert load_key(path) == key
    assert len(key) == 32
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_a_place_to_keep_it_the_key_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert load_key(tmp_path / "run" / "api.key") != load_key(tmp_path / "run" / "api.key")


def test_a_folder_that_is_a_file_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    assert len(load_key(tmp_path / "run" / "api.key")) == 32


def test_a_key_that_a_setting_gives_is_the_same_everywhere_and_nothing_is_written(tmp_path: Path) -> None:
    one, other = (Settings(data_dir=tmp_path / name, auth_key="secret") for name in "ab")
    assert root_key(one) == root_key(other) != root_key(Settings(data_dir=tmp_path, auth_key="another"))
    assert not (tmp_path / "a").exists()


def test_what_signs_one_thing_can_sign_no_other(tmp_path: Path) -> None:
    root = root_key(Settings(data_dir=tmp_path))
    assert len({derived(root, purpose) for purpose in ("token", "cursor", "media", "resume")} | {root}) == 5
