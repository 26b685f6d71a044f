"""The scheduler of one device: asked at every step boundary which job goes on. Pure; the clock is given in.

Interactive goes before prefetch before bulk; within a lane the earliest deadline first; what waits in lower lanes earns
a share (`Policy.shares`). A job gives way at any boundary and goes on later where it stopped: its shell keeps latents,
embeddings and scheduler state meanwhile, and their memory counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.scheduling.batching import best_batch
from gpu_consumers.scheduling.credit import Credit
from gpu_consumers.scheduling.jobs import Job, Queue
from gpu_consumers.scheduling.memory import Memory, Room
from gpu_consumers.scheduling.policy import ORDER, Policy
from gpu_consumers.scheduling.work import Costs, Estimate, Request
from schemas.values import Lane


@dataclass(frozen=True, slots=True)
class Decision:
    """What the device does next: one step of `run`. `batch` names all that run is made of, itself first."""

    run: str | None = None
    batch: tuple[str, ...] = ()
    suspended: str | None = None
    evict: tuple[str, ...] = ()
    load: str | None = None


class Scheduler:
    """Who has the device. Not thread-safe; whoever calls it holds a lock."""

    def __init__(self, costs: Costs, memory: Memory, policy: Policy | None = None) -> None:
        self._costs, self._memory, self._policy = costs, memory, policy or Policy()
        self._credit = Credit(self._policy.shares)
        self._jobs: dict[str, Job] = {}
        self._queues = {lane: Queue() for lane in ORDER}
        self._suspended: list[Job] = []  #: the last suspended one comes last: it always fits
        self._running: Job | None = None
        self._numbers = 0

    @property
    def in_hand(self) -> int:
        """Jobs that are not finished."""
        return len(self._jobs)

    def submit(self, request: Request, now: float) -> bool:
        """Line up a request; False where the same is in hand already and serves it too. Raises `TooLargeError`."""
        deadline = request.deadline
        if deadline is None:
            deadline = now + self._policy.patience_s[request.lane]
        if job := self._jobs.get(request.key):
            self._join(job, request.lane, deadline)
            return False
        self._memory.check(request.work.model, request.peak)
        self._numbers += 1
        job = Job(
            request.key, request.work, request.lane, deadline, self._numbers, request.peak, request.held,
            request.batch_most, request.company,
        )  # fmt: skip
        self._jobs[job.key] = job
        self._queues[job.lane].add(job)
        return True

    def set_aside(self, amount: int) -> bool:
        """Leave so many bytes to somebody else; False where what is in hand would not fit beside them. 0 always fits.

        Requests that come later wait while they do not fit (`fits`).
        """
        held = sum(job.held * job.batch for job in self._jobs.values() if job.begun)
        jobs = self._jobs.values() if amount else ()
        if not all(self._memory.beside(job.work.model, job.peak * job.batch + held, amount) for job in jobs):
            return False
        self._memory.set_aside(amount)
        return True

    def fits(self, request: Request) -> bool:
        """Whether it would fit beside what is set aside."""
        return self._memory.beside(request.work.model, request.peak)

    def forget(self, model: str) -> None:
        """A model left the device for another reason than room: it comes back before its next clip goes on."""
        self._memory.forget(model)

    def _join(self, job: Job, lane: Lane, deadline: float) -> None:
        """One more asks for it: it becomes as urgent as the most urgent of them."""
        job.askers += 1
        leader = next((one for one in (*self._suspended, self._running) if one and job in one.mates), job)
        queued = leader in self._queues[leader.lane]
        self._queues[leader.lane].remove(leader)
        leader.lane, leader.deadline = min(leader.lane, lane, key=ORDER.index), min(leader.deadline, deadline)
        if queued:
            self._queues[leader.lane].add(leader)

    def decide(self, now: float) -> Decision:
        """Who has the device until the next boundary."""
        running, lane = self._running, self._lane()
        if lane is None:
            return Decision()
        if running and not self._yields(running, lane, now):
            return Decision(running.key)
        chosen, room = self._choose(lane, now)
        if chosen is None or room is None:
            return Decision(running.key) if running else Decision()
        return self._switch(chosen, room, now)

    def charge(self, seconds: float) -> None:
        """The running job had the device for so long."""
        if (running := self._running) is None:
            return
        running.used += seconds
        waiting = {lane for lane, queue in self._queues.items() if queue}
        top = min({*waiting, running.lane}, key=ORDER.index)
        self._credit.charge(running.lane, seconds, waiting, top)

    def finish(self, key: str) -> None:
        """The job, with all of its batch, is done or has failed; it need not have been running."""
        if (job := self._jobs.get(key)) is None:
            return
        for one in (job, *job.mates):
            self._jobs.pop(one.key, None)
        self._queues[job.lane].remove(job)
        self._suspended = [one for one in self._suspended if one is not job]
        if self._running is job:
            self._running = None

    def withdraw(self, key: str) -> bool:
        """One who asked does not want it any more; True when nobody does. A running job is for its shell to end."""
        if (job := self._jobs.get(key)) is None:
            return False
        job.askers -= 1
        if job.askers > 0:
            return False
        if job is not self._running and job in self._queues[job.lane]:
            self.finish(key)
        return True

    def askers(self, key: str) -> int:
        """How many want a job; 0 where it is not in hand."""
        return self._jobs[key].askers if key in self._jobs else 0

    def eta(self, key: str, now: float) -> Estimate:
        """Seconds until the job is done, should nothing more urgent come. Raises KeyError for one that is not known."""
        job = self._jobs[key]
        before = [one for lane in ORDER for one in self._queues[lane] if one.urgency < job.urgency]
        if self._running and self._running.urgency < job.urgency:
            before.append(self._running)
        elif self._running and self._running is not job:
            return sum((self._left(one) for one in before), self._left(job) + self._costs.step(self._running.work))
        return sum((self._left(one) for one in before), self._left(job))

    def feasible(self, key: str, now: float) -> bool:
        """Whether the deadline will be kept, nine times of ten."""
        return now + self.eta(key, now).high <= self._jobs[key].deadline

    def _lane(self) -> Lane | None:
        """The lane that has a right to the device: the most urgent one, or one that has earned a turn."""
        heads = {lane: head for lane in ORDER if (head := self._head(lane))}
        if not heads:
            return None
        top, *lower = heads
        return self._credit.due({lane: self._turn(heads[lane]) for lane in lower}) or top

    def _head(self, lane: Lane) -> Job | None:
        running = self._running
        return self._queues[lane].first() or (running if running and running.lane is lane else None)

    def _turn(self, head: Job) -> float:
        step = self._costs.step(head.work).typical * self._policy.turn_steps
        return max(step, self._loading(head) * self._policy.turn_loads)

    def _loading(self, job: Job) -> float:
        model = job.work.model
        return 0.0 if model in self._memory.resident else self._costs.load(model).typical

    def _left(self, job: Job) -> Estimate:
        whole = self._costs.clip(job.work, job.batch)
        return whole.after(job.used, self._costs.step(job.work).typical if job.begun else 0.0)

    def _yields(self, running: Job, lane: Lane, now: float) -> bool:
        """Whether the running job gives way at this boundary to the first one of `lane`."""
        if (head := self._queues[lane].first()) is None:
            return False
        if lane is not running.lane:
            return self._left(running).typical > self._loading(head)
        # Among equals it helps only where waiting would make the other late and going first does not.
        done = now + self._left(head).typical + self._loading(head)
        return head.deadline < running.deadline and done <= head.deadline < done + self._left(running).typical

    def _choose(self, lane: Lane, now: float) -> tuple[Job | None, Room | None]:
        """The first job of the lane, if it fits beside what is suspended; else, on a free device, one that does."""
        head = self._first(lane, now)
        if head and (room := self._room(head, head.batch)):
            return head, room
        if self._running:
            return None, None
        for job in reversed(self._suspended):
            if room := self._room(job, job.batch):
                return job, room
        return None, None

    def _first(self, lane: Lane, now: float) -> Job | None:
        """The earliest deadline that can still be kept; those that cannot step back, once each."""
        while (head := self._queues[lane].first()) is not None:
            late = now + self._left(head).typical > head.deadline
            if not late or head.begun or head.stepped_back or len(self._queues[lane]) == 1:
                break
            head.stepped_back = True
            head.deadline += self._policy.grace_s
            self._queues[lane].add(head)
        return head

    def _room(self, job: Job, batch: int) -> Room | None:
        others = [one for one in (*self._suspended, self._running) if one and one is not job]
        held = sum(one.held * one.batch for one in others)
        return self._memory.room(job.work.model, job.peak * batch, held)

    def _switch(self, chosen: Job, room: Room, now: float) -> Decision:
        before = self._running
        if before:
            self._suspended.append(before)
            self._queues[before.lane].add(before)
        self._queues[chosen.lane].remove(chosen)
        self._suspended = [job for job in self._suspended if job is not chosen]
        self._running = None
        if not chosen.begun:
            room = self._gather(chosen, room, now)
        chosen.begun, self._running = True, chosen
        self._memory.take(chosen.work.model, room)
        return Decision(
            run=chosen.key, batch=(chosen.key, *(mate.key for mate in chosen.mates)),
            suspended=before.key if before else None, evict=room.evict, load=chosen.work.model if room.load else None,
        )  # fmt: skip

    def _gather(self, chosen: Job, room: Room, now: float) -> Room:
        """Let equal work share a batch with it, where that was measured to pay."""
        queue = self._queues[chosen.lane]
        mates = best_batch(chosen, queue, self._costs, self._policy, now)
        while mates and (wider := self._room(chosen, 1 + len(mates))) is None:
            mates.pop()
        for mate in mates:
            queue.remove(mate)
        chosen.mates = mates
        return wider if mates and wider else room
