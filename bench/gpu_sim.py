"""1 to 1,000 GPUs, simulated with the real scheduler class, the cost model and published speeds.

The clip: FastWan2.1-1.3B on an H200, 5 s of video at 480p: 3 steps in 0.98 s, 5 s from end to end (FastVideo,
post-training blog). How the other 4.02 s divide was not published: 0.4 s are taken for encoding and 3.62 s for the
decoding, which the Wan VAE does in 21 pieces, one for each latent frame, with a boundary between any two. Each segment
varies by 5 %, as an assumption. The cost model is not told: it learns from the clips that end.

Interactive work takes 5 % of the devices; bulk work takes 95 % and always waits in a long line. Each interactive clip
must be done within twice its unloaded time. Clips go to devices as Kafka's partitions do it: by hash.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import exp
from statistics import median, quantiles

from bench.report import Figure
from bench.simulation import Chooser, Device, Done, Order, simulate
from gpu_consumers.estimates.formula import CHIPS, Architecture
from gpu_consumers.estimates.model import CostModel
from gpu_consumers.scheduling.memory import Memory
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.scheduler import Decision, Scheduler
from gpu_consumers.scheduling.work import Request, Work
from infra.settings import Settings
from schemas.values import Lane
from schemas.works import RenderWork

ENCODE_S, STEP_S, STEPS, DECODE_S, PIECES = 0.4, 0.98 / 3, 3, 3.62, 21
CLIP_S = ENCODE_S + STEP_S * STEPS + DECODE_S
#: Wan2.1 I2V-14B 480p in LightX2V on an H100: 5.18 s a step (LightX2V README, December 2025); 40 steps.
LONG_STEP_S, LONG_STEPS = 5.18, 40
SCENES = 5  #: clips of a short of 25 s
INTERACTIVE, BULK = 0.05, 0.95
SMALL = Architecture(parameters=1.3e9, layers=30, width=1536, passes=1, weights=15 * 2**30)
LARGE = Architecture(parameters=14e9, layers=40, width=5120, passes=2, weights=45 * 2**30)
SIZES = ((1, 4000), (10, 1500), (100, 250), (1000, 30))  #: devices, and clips for each of them


class Fifo:
    """The peer: first come, first served, each to its end."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, str]] = []
        self._number, self._running = 0, ""

    def submit(self, request: Request, now: float) -> bool:
        self._number += 1
        heapq.heappush(self._waiting, (self._rank(request) + self._number, request.key))
        return True

    def _rank(self, _request: Request) -> int:
        return 0

    def decide(self, now: float) -> Decision:
        if not self._running and self._waiting:
            self._running = heapq.heappop(self._waiting)[1]
        return Decision(self._running or None)

    def charge(self, seconds: float) -> None:
        """Time means nothing to it."""

    def finish(self, key: str) -> None:
        self._running = ""


class Lanes(Fifo):
    """The other peer: urgent clips first, but nothing gives way once it has begun."""

    def _rank(self, request: Request) -> int:
        return list(Lane).index(request.lane) * 10**9


@dataclass
class Learning:
    """A scheduler with a cost model that learns from each clip that ends on its device."""

    costs: CostModel
    scheduler: Scheduler = field(init=False)

    def __post_init__(self) -> None:
        memory = Memory(140 * 2**30, {"small": SMALL.weights, "large": LARGE.weights})
        self.scheduler = Scheduler(self.costs, memory, Policy())

    def learn(self, done: Done) -> None:
        """Take in a clip's true segments, as its event tells them."""
        encode, steps, decode = _phases(done.order)
        work = done.order.request.work
        self.costs.learn(
            RenderWork(
                model=work.model, width=work.width, height=work.height, frames=work.frames, steps=work.steps,
                accelerator=work.backend, device="H200", encode_s=encode, step_s=median(steps), decode_s=decode,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one run came to."""

    done: Sequence[Done]
    devices: int
    busy: float

    def p99(self, lane: Lane) -> float:
        """Of the time from being asked for to being done."""
        return quantiles([one.took for one in self.done if one.order.request.lane is lane], n=100)[-1]

    @property
    def misses(self) -> float:
        """Interactive clips that were late."""
        late = [one.late for one in self.done if one.order.request.lane is Lane.INTERACTIVE]
        return sum(late) / len(late)

    @property
    def hourly(self) -> float:
        """Clips an hour of all devices."""
        return len(self.done) / max(one.at for one in self.done) * 3600

    @property
    def seconds_each(self) -> float:
        """GPU-seconds of a clip."""
        return self.busy / len(self.done)


def run() -> Sequence[Figure]:
    """Each number of devices; then the peers, and steps of 5 s, on ten."""
    figures: list[Figure] = []
    for devices, each in SIZES:
        figures += _size(devices, each)
    return [*figures, *_peers(), *_long_steps()]


def _size(devices: int, each: int) -> list[Figure]:
    outcome, quiet = _run(devices, each, learning), _run(devices, each, learning, bulk=0.0)
    ratio = outcome.p99(Lane.INTERACTIVE) / quiet.p99(Lane.INTERACTIVE)
    formula, price = devices * 8 * 3600 / CLIP_S, Settings.model_fields["price_gpu_second"].default
    of = f"{devices:,} GPUs" if devices > 1 else "1 GPU"
    return [
        Figure(name=f"{of}: interactive p99", value=ratio, unit="x unloaded", aim="<= 1.2", holds=ratio <= 1.2,
               against=f"{outcome.p99(Lane.INTERACTIVE):.2f} s; {quiet.p99(Lane.INTERACTIVE):.2f} s without bulk"),
        Figure(name=f"{of}: interactive clips late", value=outcome.misses * 100, unit="%"),
        Figure(name=f"{of}: clips an hour", value=outcome.hourly, unit="/h",
               against=f"{outcome.hourly / formula:.3f} of GPUs x 8 x 3600 / generation time = {formula:,.0f}"),
        Figure(name=f"{of}: a video of {SCENES} clips", value=outcome.seconds_each * SCENES * price, unit="USD",
               against=f"{outcome.seconds_each:.2f} GPU-seconds a clip, at {price} USD each"),
    ]  # fmt: skip


def _peers() -> list[Figure]:
    quiet = _run(10, 1500, learning, bulk=0.0).p99(Lane.INTERACTIVE)
    peers: dict[str, Callable[[], tuple[Chooser, Learning | None]]] = {
        "FIFO": lambda: (Fifo(), None), "lanes without pre-emption": lambda: (Lanes(), None),
        "this scheduler": learning,
    }  # fmt: skip
    figures = []
    for name, make in peers.items():
        outcome = _run(10, 1500, make, line=False)
        urgent = outcome.p99(Lane.INTERACTIVE)
        figures.append(
            Figure(name=f"10 GPUs, bulk as it comes, {name}: interactive p99", value=urgent / quiet, unit="x unloaded",
                   against=f"{outcome.misses:.1%} late; {outcome.hourly:,.0f} clips an hour")
        )  # fmt: skip
    return figures


def _long_steps() -> list[Figure]:
    """Bulk of a 14B model: its steps are as long as a whole interactive clip."""
    figures = []
    quiet = _run(10, 1500, learning, bulk=0.0).p99(Lane.INTERACTIVE)
    for name, blocks in (("", 1), (", boundaries at its 40 blocks and both passes", 80)):
        outcome = _run(10, 1500, learning, blocks=blocks)
        figures.append(
            Figure(name=f"10 GPUs, bulk with steps of {LONG_STEP_S} s{name}: interactive p99",
                   value=outcome.p99(Lane.INTERACTIVE) / quiet, unit="x unloaded",
                   against=f"{outcome.misses:.1%} late")
        )  # fmt: skip
    return figures


def learning() -> tuple[Chooser, Learning | None]:
    """A scheduler that learns."""
    sizes = {"small": SMALL, "large": LARGE}
    learning = Learning(CostModel(lambda work: CHIPS["H200"].phases(sizes[work.model], work)))
    return learning.scheduler, learning


def _run(
    devices: int, each: int, make: Callable[[], tuple[Chooser, Learning | None]], *, bulk: float = BULK,
    blocks: int = 0, line: bool = True,
) -> Outcome:  # fmt: skip
    made = [make() for _ in range(devices)]
    at = [Device(chooser) for chooser, _ in made]
    seconds = each * CLIP_S
    orders = sorted(_orders(devices, seconds, bulk, blocks, line=line), key=lambda order: order.at)
    chance, done = random.Random(3), []
    for one in simulate(orders, at, lambda _order, _all: chance.randrange(devices), until=seconds):
        done.append(one)
        if (learning := made[one.device][1]) is not None:
            learning.learn(one)
    return Outcome(done, devices, sum(device.busy for device in at))


def _orders(devices: int, seconds: float, bulk: float, blocks: int, *, line: bool) -> Iterator[Order]:
    """Interactive clips at random times; bulk in a long line from the start on, or spread over the time."""
    chance, number = random.Random(1), 0
    long = LONG_STEP_S * LONG_STEPS if blocks else CLIP_S
    for _ in range(round((1.3 if line else 1.0) * bulk * devices * seconds / long)):
        number += 1
        at = 0.0 if line else chance.uniform(0, seconds)
        yield _long(number, chance, blocks) if blocks else clip(number, at, Lane.BULK, chance)
    now = 0.0
    while (now := now + chance.expovariate(INTERACTIVE * devices / CLIP_S)) < seconds:
        number += 1
        yield clip(number, now, Lane.INTERACTIVE, chance)


def clip(number: int, at: float, lane: Lane, chance: random.Random) -> Order:
    """The clip that is asked for at `at`; an interactive one is due within twice its unloaded time."""
    work = Work(model="small", width=480, height=832, frames=81, steps=STEPS, backend="inductor")
    deadline = at + 2 * CLIP_S if lane is Lane.INTERACTIVE else None
    request = Request(key=str(number), work=work, lane=lane, deadline=deadline, peak=8 * 2**30, held=2**28)
    parts = [ENCODE_S, *[STEP_S] * STEPS, *[DECODE_S / PIECES] * PIECES]
    return Order(at, request, [part * exp(chance.gauss(0, 0.05)) for part in parts])


def _long(number: int, chance: random.Random, blocks: int) -> Order:
    work = Work(model="large", width=480, height=832, frames=81, steps=LONG_STEPS, backend="eager")
    request = Request(key=str(number), work=work, lane=Lane.BULK, peak=20 * 2**30, held=2**29)
    parts = [ENCODE_S, *[LONG_STEP_S / blocks] * (LONG_STEPS * blocks), *[DECODE_S / PIECES] * PIECES]
    return Order(0.0, request, [part * exp(chance.gauss(0, 0.05)) for part in parts])


def _phases(order: Order) -> tuple[float, list[float], float]:
    """Encoding, each step, decoding, as an event tells them."""
    steps, pieces = order.request.work.steps, order.segments[1:-PIECES]
    each = len(pieces) // steps
    return (
        order.segments[0],
        [sum(pieces[start : start + each]) for start in range(0, len(pieces), each)],
        sum(order.segments[-PIECES:]),
    )
