"""What a replay has committed: the estimate of what is under way, and the real cost of what is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.replay.history import History
from schemas.base import Message
from schemas.values import Cost
from schemas.videos import PromptRejected, VideoFailed, VideoPublished

#: One revision of one video.
Key = tuple[str, int]


@dataclass
class Ledger:
    """The books of one replay."""

    committed: Cost = field(default_factory=Cost)
    open: dict[Key, Cost] = field(default_factory=dict)

    @classmethod
    def of(cls, histories: list[History], replay_id: str) -> Ledger:
        """As the log has it: each revision of the replay with its real cost, or with its estimate while it is made."""
        ledger = cls()
        for history in histories:
            mine = [one for one in history.revisions.values() if one.replay_id == replay_id]
            for revision in mine:
                ledger.take((history.video_id, revision.number), estimate(history, replay_id))
                if event := revision.published or revision.failed:
                    ledger.settle(event)
        return ledger

    def take(self, key: Key, cost: Cost) -> None:
        """A revision was asked for."""
        self.open[key] = cost
        self.committed += cost

    def settle(self, event: Message) -> None:
        """A revision is done: its real cost takes the place of its estimate. What failed is counted in full."""
        if not isinstance(event, VideoPublished | VideoFailed | PromptRejected):
            return
        guess = self.open.pop((event.video_id, event.revision), None)
        if guess is not None and isinstance(event, VideoPublished):
            self.committed = _replaced(self.committed, guess, event.total_cost)


def estimate(history: History, replay_id: str) -> Cost:
    """What a video cost when it was made, without what this replay made of it."""
    before = {number: one for number, one in history.revisions.items() if one.replay_id != replay_id}
    return History(history.video_id, revisions=before).cost


def _replaced(total: Cost, old: Cost, new: Cost) -> Cost:
    parts = ("cpu_seconds", "gpu_seconds", "wall_seconds", "amount")
    changed = {name: max(0.0, getattr(total, name) - getattr(old, name) + getattr(new, name)) for name in parts}
    return total.model_copy(update=changed)
