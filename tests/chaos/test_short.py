"""A short seed: eight prompts, a thousand swipes, each kind of fault once. `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import SIZES, make_plan
from tests.chaos.run import run

SEED = 1


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_done_twice_while_everything_is_killed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a system of its own, clients and a nemesis
    result = run(make_plan(SEED, SIZES["short"]), print, tmp_path)
    # Then every fault struck, and every promise holds
    assert not result.missed
    assert {one.name: one.detail for one in result.verdicts if not one.holds} == {}, capsys.readouterr().out
