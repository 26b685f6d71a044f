"""axe-core in a page: what it says against it. Installed by `npm ci` in `clients/typescript`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "clients/typescript/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# What fades in is looked at once it is there; what moves for ever is not waited for.
_RUN = """async (runOnly) => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations()
        .filter((one) => one.playState === 'running' && one.effect.getComputedTiming().endTime < Infinity)
        .map((one) => one.finished));
    const { violations } = await axe.run(document, { runOnly });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
}"""


def violations(page: Page) -> list[str]:
    """Every rule that is broken, with where. The test is skipped where axe is not installed."""
    if not SCRIPT.is_file():
        pytest.skip("axe-core is not installed: npm ci in clients/typescript")
    # Evaluated rather than added as a script: the page's policy lets none in that is not its own.
    page.evaluate(SCRIPT.read_text())
    found: list[str] = page.evaluate(_RUN, _RULES)
    return found
