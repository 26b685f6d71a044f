"""The documents keep up with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`SWIPESTREAM_{name.upper()}`" in page
        if isinstance(field.default, str | int | float) and field.default != "":
            assert f"| `SWIPESTREAM_{name.upper()}` | `{field.default}` |" in page, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
