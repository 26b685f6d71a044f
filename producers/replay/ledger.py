"""What a replay has committed: the estimate of what is under way, and the real cost of what is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.replay.history import History
from schemas.base import Message
from schemas.videos import PromptRejected, RevisionDropped, VideoFailed, VideoPublished, VideoWithdrawn
from schemas.works import Cost

#: One revision of one video.
Key = tuple[str, int]
#: What others decide about a revision: they do not go back to the replay.
UNWANTED = (RevisionDropped, VideoWithdrawn)


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
                if event := revision.published or revision.failed or revision.dropped:
                    ledger.settle(event)
            if history.withdrawn:
                ledger.settle(history.withdrawn)
        return ledger

    def take(self, key: Key, cost: Cost) -> None:
        """A revision was asked for."""
        self.open[key] = cost
        self.committed += cost

    def settle(self, event: Message) -> None:
        """A revision is done: its real cost takes the place of its estimate.

        What failed, and what nobody wants any more, is counted in full.
        """
        for key in self._ended(event):
            guess = self.open.pop(key)
            if isinstance(event, VideoPublished):
                self.committed = _replaced(self.committed, guess, event.total_cost)

    def _ended(self, event: Message) -> list[Key]:
        """Which of the open ones it ends: a video is withdrawn with every revision before."""
        if isinstance(event, VideoWithdrawn):
            return [key for key in self.open if key[0] == event.video_id and key[1] <= event.revision]
        if not isinstance(event, VideoPublished | VideoFailed | PromptRejected | RevisionDropped):
            return []
        key = (event.video_id, event.revision)
        return [key] if key in self.open else []


def estimate(history: History, replay_id: str) -> Cost:
    """What a video cost when it was made, without what this replay made of it."""
    before = {number: one for number, one in history.revisions.items() if one.replay_id != replay_id}
    return History(history.video_id, revisions=before).cost


def _replaced(total: Cost, old: Cost, new: Cost) -> Cost:
    parts = ("cpu_seconds", "gpu_seconds", "wall_seconds", "amount")
    changed = {name: max(0.0, getattr(total, name) - getattr(old, name) + getattr(new, name)) for name in parts}
    return total.model_copy(update=changed)
