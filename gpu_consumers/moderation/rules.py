"""The moderator that needs nothing: rules over texts, and a limit for flashes in pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gpu_consumers.moderation.clips import small
from gpu_consumers.moderation.flashes import COLUMNS, MOST_IN_A_SECOND, ROWS, flashes
from gpu_consumers.ports import Finding
from infra.moderation import rules as texts

#: Bump when the same clip would be judged otherwise.
_REVISION = 1
PHOTOSENSITIVITY = "photosensitivity"


@dataclass(kw_only=True)
class RulesModerator:
    """Texts by `infra/moderation/rules.yaml`; frames by how often they flash. It does not know what a picture shows."""

    allow: tuple[str, ...] = ()
    name: str = "rules"

    def fingerprint(self) -> str:
        """Changes with the rules, the phrases that are fine, and this code's revision."""
        words = Path(texts.__file__).with_suffix(".yaml").read_bytes() + "|".join(self.allow).encode()
        return f"rules-{_REVISION}-{hashlib.sha256(words).hexdigest()[:16]}"

    def in_text(self, text: str) -> list[Finding]:
        """One finding for each category, the strongest."""
        return [Finding(category=c, rule=r, score=s) for c, r, s in texts.findings(text, self.allow)]

    def in_clip(self, clip: Path) -> list[Finding]:
        """The score is 0.5 at the limit of three flashes a second, and 1 at six and more."""
        general, red = flashes(small(clip, COLUMNS, ROWS))
        found = {"general-flash": general, "red-flash": red}
        return [
            Finding(category=PHOTOSENSITIVITY, rule=rule, score=_score(count)) for rule, count in found.items() if count
        ]


def _score(count: float) -> float:
    """Three flashes a second are still fine, so they stay just below a half."""
    return round(min(count / (2 * MOST_IN_A_SECOND), 1.0) - (0.01 if count <= MOST_IN_A_SECOND else 0.0), 3)
