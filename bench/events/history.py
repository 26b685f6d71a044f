"""A long log, quickly: the life of many videos and of those who watch them, as the system itself writes it.

Each kind of event is built and encoded once by our own contracts; what tells one from the next (ids, viewers, times)
is then put in its place in the bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from processors.ideas import STARTERS
from schemas import codec, ids
from schemas.base import Message, now_us
from schemas.envelope import root
from schemas.feeds import FeedServed, Impression, InterestChanged
from schemas.prompts import PromptSubmitted
from schemas.scripts import Scene, Script, Word
from schemas.swipes import Action, SwipeRecorded
from schemas.values import Artifact, Format, Lane, Origin
from schemas.videos import PromptAccepted, SceneRendered, SceneVoiced, ScriptWritten, VideoPublished
from schemas.works import Cost

VIEWERS = 5_000
#: What happens for each video that is made: a feed is served, videos are watched, interests change.
SERVED, SWIPED, CHANGED, SCENES = 4, 22, 14, 3
#: Events for each video, its own among them.
PER_VIDEO = SERVED + SWIPED + CHANGED + 2 * SCENES + 4

_VIDEO, _VIEWER, _TIME = "00000000-0000-4000-8000-000000000000", "viewer-of-the-bench", 1_111_111_111_111_111
_OWN = ("ce_id", "ce_correlationid")
_SHOWN = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 6)]
_COST, _CARD = Cost(cpu_seconds=1.5, wall_seconds=1.0, amount=0.00002), {"title": "Why cats purr", "subject": "cats"}
_FILE = Artifact(sha256="0" * 64, suffix="mp4", media_type="video/mp4", size=123_456)
_PERSON = {"viewer_id": _VIEWER, "origin": Origin.PREFETCH, "lane": Lane.PREFETCH, "flavor": "default"}


@dataclass(frozen=True, slots=True)
class Mould:
    """One kind of event, with its places still empty."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]

    def cast(self, number: int, video: bytes, viewer: bytes, ts_us: int, shown: list[bytes]) -> codec.Record:
        """A record of its own."""
        value = self.value.replace(b"1111111111111111", b"%d" % ts_us).replace(_VIEWER.encode(), viewer)
        for place, one in zip(_SHOWN, shown, strict=False):
            value = value.replace(place.encode(), one)
        own = [("ce_id", b"00000000-0000-4000-8000-%012x" % number)]
        if (
            self.key != _VIEWER.encode()
        ):  # what is made is one chain from its prompt; what is watched follows from nothing
            own.append(("ce_correlationid", b"20000000" + video[8:]))
        return codec.Record(
            topic=self.topic,
            key=viewer if self.key == _VIEWER.encode() else video,
            value=value.replace(_VIDEO.encode(), video),
            headers=[*own, *self.headers],
        )


def history(events: int, *, seed: int = 4) -> Iterator[codec.Record]:
    """`events` records of all projected topics, in an order in which they could have happened."""
    chance, ts_us, number = random.Random(seed), now_us() - 10 * events, 0
    life, watching = _life(), _watching()
    made = [_video(n) for n in range(5)]
    while number < events:
        made.append(_video(len(made)))
        turn = [(mould, made[-1]) for mould in life] + [(mould, chance.choice(made[-500:])) for mould in watching]
        maker = b"bench-%d" % chance.randrange(VIEWERS)
        for place, (mould, video) in enumerate(turn[: events - number]):
            viewer = maker if place < len(life) else b"bench-%d" % chance.randrange(VIEWERS)
            shown = chance.sample(made[-500:], 5) if mould.topic == "feed-events" else []
            yield mould.cast(number, video, viewer, ts_us + 10 * number, shown)
            number += 1


def _video(number: int) -> bytes:
    return b"10000000-0000-4000-8000-%012x" % number


@cache
def _life() -> tuple[Mould, ...]:
    """From the prompt to the published video."""
    said = tuple(Word(text="purring", start_ms=n * 300, end_ms=n * 300 + 250) for n in range(12))
    scenes = tuple(
        Scene(scene_number=n, beat="hook", narration="Cats purr when they are calm.", visuals="a cat", duration_s=4)
        for n in range(1, SCENES + 1)
    )
    scripted = Script(**_CARD, archetype="list", scenes=scenes)
    own = {"video_id": _VIDEO, "ts_us": _TIME}
    asked = own | _PERSON | {"text": "Why do cats purr?", "archetype": "list", "subject": "cats"}
    scene = own | {"words": said, "audio": _FILE, "duration_ms": 4000, "cost": _COST}
    parts: list[Message] = [
        PromptSubmitted(**asked), PromptAccepted(**asked),
        ScriptWritten(**own | _PERSON, script=scripted, writer="templates", cost=_COST),
    ]  # fmt: skip
    for n in range(1, SCENES + 1):
        place = scene | {"scene_number": n, "scene_id": ids.scene_id(_VIDEO, 1, n)}
        parts.append(SceneVoiced(**place, voice="espeak"))
        parts.append(
            SceneRendered(
                **place, scene_count=SCENES, clip=_FILE, backend="cpu", model="none", look="mosaic", seed=n, code="1"
            )
        )
    parts.append(
        VideoPublished(
            **own | _CARD | _PERSON, archetype="list", video=_FILE, cover=_FILE, duration_ms=12_000,
            format=Format.PORTRAIT, scene_count=SCENES, cost=_COST, total_cost=_COST,
        )
    )  # fmt: skip
    return tuple(map(_mould, parts))


@cache
def _watching() -> tuple[Mould, ...]:
    """What viewers are served, do, and are taken to like."""
    own = {"viewer_id": _VIEWER, "ts_us": _TIME}
    items = tuple(Impression(video_id=video, position=n, reason="fresh") for n, video in enumerate(_SHOWN))
    swipes = [
        SwipeRecorded(
            **own, video_id=_VIDEO, action=Action.LIKED if n % 5 == 4 else Action.WATCHED, watched_ms=7_000,
            duration_ms=12_000, subject=STARTERS[n % len(STARTERS)], archetype="list",
        )
        for n in range(SWIPED)
    ]  # fmt: skip
    changes = [
        InterestChanged(**own, interests={subject: 1.25 * n for n, subject in enumerate(STARTERS[k : k + 8])})
        for k in range(CHANGED)
    ]
    served = [FeedServed(**own, items=items, policy="ranked-1") for _ in range(SERVED)]
    return tuple(map(_mould, [*served, *swipes, *changes]))


def _mould(data: Message) -> Mould:
    record = codec.encode(root(data, source="/bench"))
    return Mould(
        record.topic,
        record.key,
        record.value,
        [one for one in record.headers if one[0] not in {"ce_id", "ce_correlationid"}],
    )
