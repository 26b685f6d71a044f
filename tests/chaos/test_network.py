"""Bad networks between each part and Kafka or Cassandra: slow, cut, half-open. Nothing is lost, nobody has to help.

One system for all. Clients go on asking meanwhile; when all is over, the whole history is checked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas import ids
from tests.chaos import reading
from tests.chaos.checks import check
from tests.chaos.doors import PARTS, Doors, doors
from tests.chaos.history import History, Told
from tests.chaos.listener import Listener
from tests.chaos.plan import Prompt, Swipe, Swipes
from tests.chaos.proxy import Proxy
from tests.chaos.rest import Rest
from tests.chaos.workload import insist, walk

pytestmark = pytest.mark.timeout(300)

LATENCY_S, CUT_S, SILENCE_S = 0.2, 5.0, 20.0
#: "At once": a request waits a second for a store; the rest is a machine that does other things as well.
AT_ONCE_S = 4.0
#: Until everything goes on by itself after the line is healed: our clients give up a silent connection after ten
#: seconds, a group takes a member for dead after ten, and a process that ended is started again.
RECOVERY_S = 60.0


class People:
    """Somebody who asks for a video and swipes, twice a second, and once more whenever they are told to."""

    def __init__(self, system: Doors) -> None:
        self.told = Told()
        self.slowest = 0.0
        self._url = system.settings.api_url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="people")
        self._count = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as api:
            while not self._stop.wait(0.5):
                self._count += 1
                self._swipe(api)
                walk(api, "viewer-0", self.told, pages=1)

    def _swipe(self, api: httpx.Client) -> None:
        swipes = tuple(
            Swipe(video_id=ids.video_id("nothing"), action="skipped", watched_ms=0, swipe_id=f"{self._count}-{index}")
            for index in range(5)
        )
        step = Swipes(at=0, lane=0, viewer="viewer-0", swipes=swipes)
        told = [{"video_id": one.video_id, "action": one.action, "swipe_id": one.swipe_id} for one in swipes]

        def ask() -> httpx.Response:
            began = time.monotonic()
            try:
                return api.post("/v1/swipes", json={"viewer_id": step.viewer, "swipes": told})
            finally:
                self.slowest = max(self.slowest, time.monotonic() - began)

        if insist(self.told, "POST /v1/swipes", ask):
            self.told.swipes.update((step.viewer, one.swipe_id) for one in swipes)

    def ask_for_a_video(self, key: str) -> str:
        """Its id. Taken in sooner or later."""
        step = Prompt(at=0, lane=0, number=0, text=f"Why do people like rain? ({key})", viewer=None, key=key)
        with httpx.Client(base_url=self._url, timeout=20) as api:
            headers = {"Idempotency-Key": step.key}
            insist(
                self.told,
                "POST /v1/prompts",
                lambda: api.post("/v1/prompts", json={"text": step.text}, headers=headers),
            )
        self.told.prompts.add(step.video_id)
        return step.video_id


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with doors(tmp_path_factory.mktemp("network")) as running:
        yield running


@pytest.fixture(scope="module")
def people(system: Doors) -> Iterator[People]:
    somebody = People(system)
    listener = Listener(system.settings.gateway_url, somebody.told)
    listener.start()
    somebody.start()
    yield somebody
    somebody.stop()
    listener.stop()


@pytest.fixture(autouse=True)
def calm(system: Doors, people: People) -> Iterator[None]:
    """Every test begins with a network as it should be, and a first video where there is none yet."""
    people.slowest = 0.0
    yield
    system.heal()


def published(system: Doors, video_id: str, timeout: float) -> float:
    """Seconds until it is published, and told so by the API."""
    began = time.monotonic()
    with httpx.Client(base_url=system.settings.api_url, timeout=10) as api:
        while time.monotonic() - began < timeout:
            answer = api.get(f"/v1/videos/{video_id}")
            if answer.is_success and answer.json()["status"] == "published":
                return time.monotonic() - began
            time.sleep(0.2)
    raise AssertionError(f"{video_id} was not published within {timeout:.0f} s")


def pushed(people: People, video_id: str, timeout: float = 15) -> None:
    deadline = time.monotonic() + timeout
    while not any(video_id in stretch for stretch in people.told.pushed):
        assert time.monotonic() < deadline or people.told.resyncs, f"{video_id} was not pushed"
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)


def recovers(system: Doors, people: People, key: str) -> None:
    """By itself, in time: a prompt is taken in, its video is made, shown and pushed; the API says that all is well."""
    video_id = people.ask_for_a_video(key)
    published(system, video_id, RECOVERY_S)
    pushed(people, video_id)
    deadline = time.monotonic() + RECOVERY_S
    while not httpx.get(f"{system.settings.api_url}/readyz", timeout=5).is_success:
        assert time.monotonic() < deadline, "not ready"
        time.sleep(0.3)


def test_with_a_slow_network_all_goes_on_slowly(system: Doors, people: People) -> None:
    recovers(system, people, "first")
    # Given every line of every part with 200 ms each way
    for proxy in (*system.kafka.values(), *system.cassandra.values()):
        proxy.latency_s = LATENCY_S
    # Then a video is made and shown, and nobody is refused for long
    published(system, people.ask_for_a_video("slow"), RECOVERY_S)
    assert people.slowest < AT_ONCE_S


#: The processors and the workers have no line to Cassandra.
LINES = [*((part, "kafka") for part in PARTS), ("api", "cassandra"), ("projector", "cassandra")]


@pytest.mark.parametrize(("part", "store"), LINES)
def test_a_line_that_is_cut_for_five_seconds(system: Doors, people: People, part: str, store: str) -> None:
    line = lines(system, store)[part]
    # When it is cut while a video is being made
    people.ask_for_a_video(f"before {part} {store}")
    line.cut()
    time.sleep(CUT_S)
    line.heal()
    # Then all goes on by itself, and nobody waited for an answer
    recovers(system, people, f"after {part} {store}")
    assert people.slowest < AT_ONCE_S


@pytest.mark.parametrize("silent", [("api", "worker-1"), ("processors", "projector")], ids=" and ".join)
def test_lines_that_go_silent_for_twenty_seconds(system: Doors, people: People, silent: tuple[str, str]) -> None:
    # When nothing gets through to two parts any more, and nobody is told
    people.ask_for_a_video(f"before {silent}")
    for line in (line for part in silent for line in system.of(part)):
        line.silence()
    time.sleep(SILENCE_S)
    system.heal()
    # Then connections that are dead are given up, and all goes on by itself
    recovers(system, people, f"after {silent}")
    assert people.slowest < AT_ONCE_S


def lines(system: Doors, store: str) -> dict[str, Proxy]:
    return dict(system.kafka if store == "kafka" else system.cassandra)


def test_after_all_of_it_every_promise_holds(system: Doors, people: People, tmp_path: Path) -> None:
    people.stop()
    restless = Rest(system.settings.kafka).wait(120, print)
    log, tables = reading.read_log(system.settings.kafka), reading.read_tables(system.settings)
    names = reading.read_names(system.settings, ["viewer-0"])
    history = History(told=people.told, log=log, tables=tables, known_as=names, restless=restless)
    assert {one.name: one.detail for one in check(history) if not one.holds} == {}
    assert len(people.told.prompts) == 2 * (1 + len(LINES) + 2) and len(people.told.swipes) > 100
