"""Prompts: moderate, then accept and ask for a script, or reject and say why."""

from __future__ import annotations

from collections.abc import Callable

from infra.flavor_names import names
from infra.flavors import Moderation
from infra.moderation.rules import Verdict, moderate
from processors.deadlines import deadline_us
from processors.decision import SOURCE, Decide, Decision, Effect, Processor, State
from processors.drafts import Drafts, upgrade
from processors.revisions import kept, revise
from processors.verdicts import UNKNOWN, accepted, asks_workers, judged, rejected
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.scripts import Script
from schemas.takes import Upgrade
from schemas.tasks import WriteScript

#: How a flavor moderates.
Policies = Callable[[str], Moderation]


def decide_with(policies: Policies, drafts: Drafts = lambda _flavor: False) -> Decide:
    """The decision that moderates each prompt by its flavor's thresholds, and refuses what cannot be made."""

    def decide(event: Envelope[base.Message], _state: State, _now_us: int) -> Decision:
        asked = event.data
        if not isinstance(asked, PromptSubmitted | RevisionRequested):
            return Decision()
        policy = policies(asked.flavor)
        verdict = verdict_on(_words(asked), asked.archetype, policy)
        keeps = asked.script if not asks_workers(policy) else None
        if isinstance(asked, RevisionRequested):
            return Decision(effects=revise(event, asked, verdict, keeps))
        return Decision(effects=_judge(event, asked, verdict, keeps, upgrade(asked, drafts)))

    return decide


def _judge(
    event: Envelope[base.Message],
    prompt: PromptSubmitted,
    verdict: Verdict,
    keeps: Script | None,
    later: Upgrade | None,
) -> tuple[Effect, ...]:
    """A PromptSubmitted becomes PromptAccepted and WriteScript, or ScriptWritten at once where it keeps the script that
    came along, or PromptRejected."""
    # Not now: the same cause must make the same event.
    ts_us = prompt.ts_us + 1
    seen = judged(event, prompt, verdict, ts_us)
    if not verdict.allowed:
        return seen, rejected(event, prompt, verdict, ts_us + 1)
    answer = accepted(event, prompt, ts_us + 1)
    if keeps is not None:
        return seen, answer, kept(event, prompt, keeps, ts_us + 2)
    return seen, answer, _script_task(event, prompt, ts_us + 1, later)


def _words(asked: PromptSubmitted | RevisionRequested) -> str:
    """All that will be said and shown: a script that comes along may have been written by anybody."""
    if asked.script is None:
        return asked.text
    scenes = (f"{scene.narration}\n{scene.on_screen_text}\n{scene.visuals}" for scene in asked.script.scenes)
    return "\n".join((asked.text, asked.script.title, *scenes))


def verdict_on(text: str, archetype: str | None, policy: Moderation) -> Verdict:
    """Whether it can be made, and whether it may."""
    return _unknown(archetype) or moderate(text, policy.thresholds, policy.allow)


def _unknown(archetype: str | None) -> Verdict | None:
    """A refusal for an archetype that there is not: silently another one would be a wrong video."""
    listed = names().get("archetypes", ())
    if archetype is None or not listed or archetype in listed:
        return None
    return Verdict(False, UNKNOWN, f"there is no archetype {archetype!r}; there are {', '.join(listed)}", 1.0)


def _script_task(event: Envelope[base.Message], prompt: PromptSubmitted, ts_us: int, later: Upgrade | None) -> Effect:
    data = WriteScript(
        video_id=prompt.video_id,
        origin=prompt.origin,
        lane=prompt.lane,
        flavor=prompt.flavor,
        format=prompt.format,
        viewer_id=prompt.viewer_id,
        after_us=ts_us,
        deadline_us=deadline_us(prompt),
        text=prompt.text,
        archetype=prompt.archetype,
        target_seconds=prompt.target_seconds,
        subject=prompt.subject,
        footage=prompt.footage,
        script=prompt.script,
        regeneration=prompt.regeneration,
        asked_us=prompt.ts_us,
        upgrade=later,
    )
    return caused_by(event, data, source=SOURCE, step="script-task"), None


def prompts(policies: Policies, drafts: Drafts) -> Processor:
    """The processor with its settings."""
    return Processor(name="prompts", topics=("prompts",), decide=decide_with(policies, drafts))
