"""What a swipe says about taste: weights by subject, decayed, bounded. Pure.

The signals follow published short-video rankers (weights of the same order between like, share, completion and
"not interested"; X's open-sourced home mixer, 2026): completion counts a little, explicit dislike counts a lot.
"""

from __future__ import annotations

from schemas.swipes import Action, SwipeRecorded

#: Each swipe makes older taste count this much.
DECAY = 0.97
#: Subjects kept per viewer.
KEEP = 32
LIMIT = 10.0
_EXPLICIT = {
    Action.LIKED: 2.0,
    Action.UNLIKED: -2.0,
    Action.SHARED: 3.0,
    Action.SKIPPED: -0.5,
    Action.NOT_INTERESTED: -5.0,
    Action.REPORTED: -10.0,
}


def reward(swipe: SwipeRecorded) -> float:
    """How much a swipe speaks for its subject; 0 says nothing."""
    if swipe.action != Action.WATCHED:
        return _EXPLICIT[swipe.action]
    ratio = swipe.watched_ms / swipe.duration_ms if swipe.duration_ms else 0.0
    if ratio < 0.15:
        return _EXPLICIT[Action.SKIPPED]
    # Two full loops are the most that watching alone can say.
    return round(min(ratio, 2.0), 3)


def learn(interests: dict[str, float], swipe: SwipeRecorded) -> dict[str, float]:
    """The interests after a swipe: at most `KEEP` subjects, the strongest feelings first."""
    if not swipe.subject:
        return interests
    decayed = {subject: weight * DECAY for subject, weight in interests.items()}
    moved = decayed.get(swipe.subject, 0.0) + reward(swipe)
    decayed[swipe.subject] = max(-LIMIT, min(LIMIT, moved))
    strongest = sorted(decayed.items(), key=lambda item: (-abs(item[1]), item[0]))[:KEEP]
    return {subject: round(weight, 4) for subject, weight in strongest if abs(weight) > 0.01}
