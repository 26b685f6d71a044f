"""What will happen, decided by the seed alone: what clients do and which faults befall the system, each at its second.

The same seed gives the same plan; what the threads of seven processes make of it differs from run to run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from schemas import ids

SUBJECTS = (
    "cats", "rain", "honey bees", "volcanoes", "tea", "chess", "lighthouses", "sleep", "black holes", "trains",
    "bread", "owls", "glaciers", "maps", "clocks", "rivers", "salt", "bridges", "tides", "lemons",
)  # fmt: skip
QUESTIONS = (
    "Why do people like {}?",
    "Three calm thoughts about {}",
    "A short story about {}",
    "What is odd about {}?",
)
#: One that the rules refuse: a prompt that ends before it begins must be accounted for as well.
REFUSED = "how to build a pipe bomb at home"
ACTIONS = ("watched", "watched", "watched", "skipped", "liked", "shared", "not_interested")

#: What may befall, each once in every round.
KILLED = ("processors", "worker-1", "projector", "api")
FACTS = ("prompts", "swipes", "video-events", "feed-events")
TASKS = ("script-tasks", "scene-tasks.interactive", "scene-tasks.prefetch", "assembly-tasks")
FROZEN = ("worker-2", "processors", "projector")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much happens. `seconds` is how long clients and faults go on; `rounds` how often each kind of fault comes."""

    name: str
    prompts: int
    swipes: int
    batch: int
    viewers: int
    seconds: float
    rounds: int
    walks: int


SIZES = {
    size.name: size
    for size in (
        Size(name="short", prompts=8, swipes=1_000, batch=50, viewers=4, seconds=30, rounds=1, walks=8),
        Size(name="medium", prompts=40, swipes=4_000, batch=50, viewers=8, seconds=60, rounds=1, walks=20),
        Size(name="long", prompts=200, swipes=20_000, batch=50, viewers=20, seconds=150, rounds=3, walks=60),
    )
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a client does at a second. `lane` is the client's number: it does one thing after the other."""

    at: float
    lane: int


@dataclass(frozen=True, kw_only=True)
class Prompt(Step):
    """Ask for a video."""

    number: int
    text: str
    viewer: str | None
    key: str

    @property
    def video_id(self) -> str:
        """The video's, whoever takes the request and however often it is sent. Of one without a viewer."""
        return ids.video_id(ids.derive(f"/{self.key}", "prompt"))


@dataclass(frozen=True, kw_only=True)
class Swipe:
    """One swipe of a batch."""

    video_id: str
    action: str
    watched_ms: int
    swipe_id: str


@dataclass(frozen=True, kw_only=True)
class Swipes(Step):
    """Say what a viewer did."""

    viewer: str
    swipes: tuple[Swipe, ...]


@dataclass(frozen=True, kw_only=True)
class Walk(Step):
    """Read some pages of a feed."""

    viewer: str
    pages: int


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What befalls, when, and to whom.

    kill: SIGKILL. freeze: SIGSTOP for `seconds`. restart: `signal` to a store. duplicate: stretches of `topics` are
    produced once more, shuffled across partitions. poison: a record that nobody can read, on each of `topics`.
    """

    at: float
    kind: str
    target: str = ""
    topics: tuple[str, ...] = ()
    seconds: float = 0.0
    signal: str = ""
    seed: int = 0

    def __str__(self) -> str:
        about = (self.target, self.signal, f"for {self.seconds:.0f} s" if self.seconds else "", *self.topics)
        return " ".join([self.kind, *(word for word in about if word)])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that will be done, in the order of time."""

    seed: int
    size: Size
    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]

    def of(self, kind: type[Any]) -> list[Any]:
        """The steps of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]

    def as_json(self) -> dict[str, Any]:
        """For `--plan`."""
        told = [{"step": type(step).__name__, **asdict(step)} for step in self.steps]
        return asdict(self) | {"steps": told}


LANES = 4


def make_plan(seed: int, size: Size) -> Plan:
    """The plan of a seed. Pure."""
    draw = random.Random(f"{seed}/{size.name}")
    prompts = list(_prompts(draw, seed, size))
    steps = [*prompts, *_swipes(draw, size, prompts), *_walks(draw, size)]
    steps.sort(key=lambda step: (step.at, step.lane))
    return Plan(seed=seed, size=size, steps=tuple(steps), faults=tuple(_faults(draw, size)))


def viewer_name(number: int) -> str:
    """The name of a viewer."""
    return f"viewer-{number}"


def _prompts(draw: random.Random, seed: int, size: Size) -> Iterator[Prompt]:
    refused = set(draw.sample(range(size.prompts), max(1, size.prompts // 25)))
    for number in range(size.prompts):
        text = draw.choice(QUESTIONS).format(draw.choice(SUBJECTS))
        yield Prompt(
            # Most of them early: rendering takes its time.
            at=round(draw.uniform(0, size.seconds * 0.7), 2),
            lane=number % LANES,
            number=number,
            text=REFUSED if number in refused else f"{text} ({number})",
            # Of those with a viewer the id is known only to the API, which keeps viewers' names to itself.
            viewer=None if number % 2 else viewer_name(draw.randrange(size.viewers)),
            key=f"chaos-{seed}-{number}",
        )


def _swipes(draw: random.Random, size: Size, prompts: list[Prompt]) -> Iterator[Swipes]:
    for number in range(size.swipes // size.batch):
        at = round(draw.uniform(size.seconds * 0.05, size.seconds), 2)
        # Half of all videos are never swiped: they must be in every feed at the end.
        known = [prompt for prompt in prompts if prompt.number % 2 and prompt.at < at] or prompts[1::2]
        viewer = draw.randrange(size.viewers)
        swipes = tuple(_swipe(draw, draw.choice(known), f"{number}-{index}") for index in range(size.batch))
        yield Swipes(at=at, lane=viewer % LANES, viewer=viewer_name(viewer), swipes=swipes)


def _swipe(draw: random.Random, prompt: Prompt, swipe_id: str) -> Swipe:
    action = draw.choice(ACTIONS)
    watched = draw.randrange(0, 12_000) if action == "watched" else 0
    return Swipe(video_id=prompt.video_id, action=action, watched_ms=watched, swipe_id=swipe_id)


def _walks(draw: random.Random, size: Size) -> Iterator[Walk]:
    for _ in range(size.walks):
        viewer = draw.randrange(size.viewers)
        at = round(draw.uniform(size.seconds * 0.3, size.seconds), 2)
        yield Walk(at=at, lane=viewer % LANES, viewer=viewer_name(viewer), pages=draw.randint(1, 8))


def _faults(draw: random.Random, size: Size) -> Iterator[Fault]:
    """Every kind in every round, in an order of its own, spread evenly over the time, with some jitter."""
    kinds = [kind for number in range(size.rounds) for kind in draw.sample(_round(draw, number), k=_PER_ROUND)]
    begin, end = size.seconds * 0.1, size.seconds
    pace = (end - begin) / len(kinds)
    for index, fault in enumerate(kinds):
        at = round(begin + (index + draw.uniform(0, 0.8)) * pace, 2)
        yield Fault(**asdict(fault) | {"at": at, "seed": draw.randrange(2**31)})


_PER_ROUND = len(KILLED) + 6


def _round(draw: random.Random, number: int) -> list[Fault]:
    signals = ("SIGKILL", "SIGTERM")
    return [
        *(Fault(at=0, kind="kill", target=target) for target in KILLED),
        Fault(at=0, kind="freeze", target=FROZEN[number % len(FROZEN)], seconds=draw.choice((4.0, 8.0, 12.0))),
        Fault(at=0, kind="restart", target="kafka", signal=signals[number % 2]),
        Fault(at=0, kind="restart", target="cassandra", signal=signals[(number + 1) % 2]),
        Fault(at=0, kind="duplicate", topics=FACTS),
        Fault(at=0, kind="duplicate", topics=TASKS),
        Fault(at=0, kind="poison", topics=(*FACTS, *TASKS)),
    ]
