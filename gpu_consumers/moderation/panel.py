"""All moderators of a flavor: what they find becomes a judgement each, by the flavor's thresholds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.moderation.classifier import ClassifierModerator
from gpu_consumers.moderation.openai import OpenAIModerator
from gpu_consumers.moderation.rules import RulesModerator
from gpu_consumers.ports import Finding, Moderator
from infra.flavors import Flavor, JudgeSpec, Moderation
from schemas.values import Judgement
from schemas.videos import Judged

#: Seconds before a moderator that did not answer is asked again.
BACKOFF_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A moderator, and what it is asked about."""

    moderator: Moderator
    content: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Everyone is asked, each may refuse. No answer is no yes: the error ends the task, which is tried again later."""

    seats: Sequence[Seat]
    policy: Moderation
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    @classmethod
    def of(cls, flavor: Flavor) -> Panel:
        """The panel of a flavor."""
        policy = flavor.moderation
        seats = tuple(Seat(moderator=moderator(s, policy), content=frozenset(s.content)) for s in policy.judges)
        return cls(seats=seats, policy=policy)

    def fingerprint(self, content: Judged) -> str:
        """Changes with any moderator that is asked about it, and any threshold."""
        parts = [seat.moderator.fingerprint() for seat in self._asked(content)] + [self.policy.model_dump_json()]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    def on_text(self, text: str, content: Judged, *, but: str = "") -> tuple[Judgement, ...]:
        """One judgement for each moderator. `but` names one that has judged already. Raises `BackendError`."""
        asked = [seat.moderator for seat in self._asked(content) if seat.moderator.name != but]
        return tuple(self._judged(each, self._try(partial(each.in_text, text))) for each in asked)

    def on_clip(self, clip: Path) -> tuple[Judgement, ...]:
        """As `on_text`, of the frames of a clip."""
        asked = [seat.moderator for seat in self._asked(Judged.FRAMES)]
        return tuple(self._judged(each, self._try(partial(each.in_clip, clip))) for each in asked)

    def _asked(self, content: Judged) -> list[Seat]:
        return [seat for seat in self.seats if content.value in seat.content]

    def _try(self, ask: Callable[[], list[Finding]]) -> list[Finding]:
        try:
            return ask()
        except TransientBackendError:
            self.sleep(BACKOFF_S)
            return ask()

    def _judged(self, moderator: Moderator, findings: list[Finding]) -> Judgement:
        """By what goes furthest beyond its threshold."""
        if not findings:
            return Judgement(allowed=True, moderator=moderator.name)
        worst = max(findings, key=lambda f: (f.score - self.policy.threshold(f.category), f.score))
        limit = self.policy.threshold(worst.category)
        return Judgement(
            allowed=worst.score < limit, moderator=moderator.name, category=worst.category[:100],
            rule=worst.rule[:200], score=worst.score, threshold=limit,
        )  # fmt: skip


def reason(judgements: Sequence[Judgement], content: Judged) -> str:
    """Why something was refused, for people."""
    told = [
        f"{(j.category or 'a rule').replace('-', ' ')} ({j.moderator}: {j.rule}, score {j.score:g}, "
        f"refused from {j.threshold:g})"
        for j in judgements
        if not j.allowed
    ]
    return f"The {content.value} did not pass moderation: {'; '.join(told)}."


def moderator(spec: JudgeSpec, policy: Moderation) -> Moderator:
    """The moderator that a flavor's entry describes."""
    match spec.backend:
        case "rules":
            return RulesModerator(allow=policy.allow)
        case "openai":
            return OpenAIModerator(
                url=spec.url or "", model=spec.model, api_key_env=spec.api_key_env, timeout_s=spec.timeout_s,
                categories=spec.categories,
            )  # fmt: skip
        case "classifier":
            return ClassifierModerator(model=spec.model, categories=spec.categories, harmless=spec.harmless)
