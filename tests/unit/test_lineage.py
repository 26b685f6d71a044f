"""Lineage: from any id, what led to it and what came of it; drawn as a tree and as Mermaid."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from infra.errors import BadInputError, NotFoundError
from infra.settings import Settings
from query_api import commands
from query_api.lineage import commands as lineage
from query_api.lineage.drawing import label, mermaid, tree
from query_api.lineage.graph import Direction, Edge, Graph, Node
from query_api.lineage.trace import trace
from query_api.projections.project import Place, project
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.states import moment
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, caused_by, root
from schemas.feeds import FeedServed, Impression, InterestChanged, Outcome, PrefetchSettled
from schemas.prompts import PromptSubmitted, Trigger
from schemas.swipes import Action, SwipeRecorded
from schemas.values import Lane, Origin
from schemas.videos import RevisionDropped, Stage, WorkStopped
from tests.unit.read_kit import COST, Api, apply, life, published

NOW = now_us() - 60_000_000
SWIPED, MADE, OTHER = (ids.video_id(name) for name in ("swiped", "made", "other"))


def fact(data: Message, cause: Envelope[Message] | None = None) -> Envelope[Message]:
    return caused_by(cause, data, source="/t", step=data.TYPE) if cause else root(data, source="/t")


def chain() -> dict[str, Envelope[Message]]:
    """A swipe, the video that it led to, and a viewer who is shown that one and skips it; another video beside them."""
    told: dict[str, Envelope[Message]] = {}
    told["swipe"] = swipe = fact(
        SwipeRecorded(
            viewer_id="anna", video_id=SWIPED, action=Action.LIKED, watched_ms=4200, subject="cats", ts_us=NOW
        )
    )
    told["likes"] = fact(InterestChanged(viewer_id="anna", ts_us=NOW + 1, interests={"cats": 1}), swipe)
    trigger = Trigger(type="SwipeRecorded", video_id=SWIPED, action="liked", watched_ms=4200, ts_us=NOW)
    asked = PromptSubmitted(
        video_id=MADE, text="secret words", origin=Origin.PREFETCH, lane=Lane.PREFETCH, viewer_id="anna",
        subject="cats", trigger=trigger, ts_us=NOW + 2,
    )  # fmt: skip
    told["prompt"] = before = fact(asked, swipe)
    for number, event in enumerate(life(MADE, NOW + 2)[1:], 3):
        told[f"made-{number}"] = before = fact(event.data.model_copy(update={"ts_us": NOW + number}), before)
    ready = PrefetchSettled(viewer_id="anna", video_id=MADE, outcome=Outcome.READY, ts_us=NOW + 90)
    told["settled"] = fact(ready, before)
    items = (
        Impression(video_id=OTHER, position=0, reason="fresh"),
        Impression(video_id=MADE, position=1, reason="interest"),
    )
    told["served"] = fact(FeedServed(viewer_id="bob", ts_us=NOW + 100, policy="p", items=items))
    told["skipped"] = fact(SwipeRecorded(viewer_id="bob", video_id=MADE, action=Action.SKIPPED, ts_us=NOW + 200))
    return told | {"beside": published(OTHER, NOW)}


def store(events: list[Envelope[Message]]) -> ReadModel:
    made = MemoryStore()
    for offset, event in enumerate(events):
        made.write(project(event, Place(event.data.FAMILY, 0, offset)))
    return ReadModel(made)


def types(graph: Graph) -> list[str]:
    return [node.type for node in graph.nodes]


FROM_PROMPT = [
    "PromptSubmitted", "PromptAccepted", "ScriptWritten", "SceneVoiced", "SceneRendered", "SceneVoiced",
    "SceneRendered", "VideoPublished", "PrefetchSettled",
]  # fmt: skip
SEEN = ["FeedServed", "SwipeRecorded"]


async def test_from_a_video_the_swipe_that_led_to_it_and_the_impressions_that_came_of_it() -> None:
    events = chain()
    read = store(list(events.values()))
    graph = await trace(read, MADE)
    assert types(graph) == ["SwipeRecorded", *FROM_PROMPT, *SEEN]
    first, shown, skipped = graph.nodes[0], graph.nodes[-2], graph.nodes[-1]
    assert (first.id, first.video_id, first.detail) == (
        events["swipe"].id,
        SWIPED,
        {"action": "liked", "watched_ms": 4200},
    )
    assert (shown.event_id, skipped.id) == (events["served"].id, events["skipped"].id)
    kinds = {(edge.source, edge.target): edge.kind for edge in graph.edges}
    assert kinds[(events["swipe"].id, events["prompt"].id)] == "caused"
    assert kinds[(shown.id, skipped.id)] == "swiped"
    (published_id,) = [node.id for node in graph.nodes if node.type == "VideoPublished"]
    assert kinds[(published_id, shown.id)] == "shown"


async def test_up_and_down() -> None:
    read = store(list(chain().values()))
    up, down = await trace(read, MADE, Direction.UP), await trace(read, MADE, Direction.DOWN)
    assert types(up) == ["SwipeRecorded", *FROM_PROMPT] and types(down) == [*FROM_PROMPT, *SEEN]


async def test_from_the_swipe_everything_that_came_of_it() -> None:
    events = chain()
    graph = await trace(store(list(events.values())), events["swipe"].id)
    assert sorted(types(graph)) == sorted(["SwipeRecorded", "InterestChanged", *FROM_PROMPT, *SEEN])
    assert types(await trace(store(list(events.values())), events["swipe"].id, Direction.UP)) == ["SwipeRecorded"]


async def test_from_an_event_in_the_middle() -> None:
    events = chain()
    read = store(list(events.values()))
    script = next(event for event in events.values() if event.data.TYPE == "ScriptWritten")
    assert types(await trace(read, script.id, Direction.UP)) == ["SwipeRecorded", *FROM_PROMPT[:3]]
    assert types(await trace(read, script.id, Direction.DOWN)) == [*FROM_PROMPT[2:], *SEEN]


async def test_from_an_answer_of_the_feed_and_from_a_swipe_that_led_to_nothing() -> None:
    events = chain()
    read = store(list(events.values()))
    served = await trace(read, events["served"].id)
    assert {node.video_id for node in served.nodes if node.type == "FeedServed"} == {MADE, OTHER}
    assert [node.id for node in served.nodes if node.type == "SwipeRecorded"] == [events["skipped"].id]
    assert types(await trace(read, events["skipped"].id)) == ["SwipeRecorded"]


async def test_what_nobody_knows_is_told_so() -> None:
    with pytest.raises(NotFoundError, match="Nothing is known"):
        await trace(store([]), ids.video_id("nobody"))


async def test_no_viewer_and_no_typed_word_is_in_it() -> None:
    read = store(list(chain().values()))
    text = (await trace(read, MADE)).model_dump_json()
    assert "anna" not in text and "bob" not in text and "secret" not in text


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_shuffled_and_repeated_events_give_the_same_lineage(seed: int) -> None:
    places = [(event, Place(event.data.FAMILY, 0, n)) for n, event in enumerate(chain().values())]
    mixed = places * 2
    random.Random(seed).shuffle(mixed)
    graphs = []
    for order in (places, mixed):
        made = MemoryStore()
        for event, place in order:
            made.write(project(event, place))
        graphs.append(asyncio.run(trace(ReadModel(made), MADE)))
    serial, other = ((graph.nodes, sorted(graph.edges, key=str)) for graph in graphs)
    assert serial == other


def node(name: str, at: int, **more: object) -> Node:
    return Node(id=name, event_id=name, type=name.title(), at=moment(NOW + at), **more)  # type: ignore[arg-type]


@given(
    size=st.integers(1, 12), pairs=st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11))), target=st.integers(0, 11)
)
def test_up_and_down_are_what_is_reached_along_the_edges(size: int, pairs: set[tuple[int, int]], target: int) -> None:
    arrows = {(a, b) for a, b in pairs if a < b < size}
    target %= size
    graph = Graph(
        id="x", nodes=[node(f"n{number}", number) for number in range(size)],
        edges=[Edge(source=f"n{a}", target=f"n{b}", kind="caused") for a, b in arrows],
    )  # fmt: skip

    def reaches(a: int, b: int) -> bool:
        return a == b or any(reaches(middle, b) for start, middle in arrows if start == a)

    down = {one.id for one in graph.cut([f"n{target}"], Direction.DOWN).nodes}
    up = {one.id for one in graph.cut([f"n{target}"], Direction.UP).nodes}
    assert down == {f"n{number}" for number in range(size) if reaches(target, number)}
    assert up == {f"n{number}" for number in range(size) if reaches(number, target)}


async def test_the_tree_draws_every_event_once_below_its_cause() -> None:
    events = chain()
    console = Console(record=True, width=200)
    console.print(tree(await trace(store(list(events.values())), MADE)))
    text = console.export_text()
    for name in ("swipe", "prompt", "settled", "served", "skipped"):
        assert text.count(events[name].id) == 1
    lines = text.splitlines()
    places = [
        next(i for i, line in enumerate(lines) if events[name].id in line) for name in ("swipe", "prompt", "skipped")
    ]
    assert places == sorted(places)
    indents = [len(lines[place]) - len(lines[place].lstrip("│ └├─")) for place in places]
    assert indents == sorted(set(indents))


def test_a_day_is_told_where_it_is_another_than_that_of_the_cause() -> None:
    # given a chain of three facts, the last of which came on the day after
    day_us = 86_400_000_000
    morning = -NOW % day_us
    nodes = [node("asked", morning), node("made", morning + 1_000_000), node("seen", morning + day_us)]
    edges = [Edge(source="asked", target="made", kind="caused"), Edge(source="made", target="seen", kind="shown")]

    # when it is drawn
    console = Console(record=True, width=80)
    console.print(tree(Graph(id="x", nodes=nodes, edges=edges)))
    days = [f"{one.at:%Y-%m-%d}" for one in nodes]

    # then the day of the second one is not
    text = console.export_text()
    assert days[0] == days[1] != days[2]
    assert (text.count(days[0]), text.count(days[2])) == (1, 1)


def test_many_impressions_are_counted_not_drawn() -> None:
    shown = [node(f"shown-{number}", 1 + number) for number in range(30)]
    edges = [Edge(source="made", target=one.id, kind="shown") for one in shown]
    console = Console(record=True, width=120)
    console.print(tree(Graph(id="x", nodes=[node("made", 0), *shown], edges=edges)))
    assert "and shown 22 times more" in console.export_text()


def test_mermaid_is_not_broken_by_what_a_label_holds() -> None:
    odd = node("odd", 0, detail={"title": 'say "<b>hi</b>" # now'})
    text = mermaid(Graph(id="x", nodes=[odd, node("b", 1)], edges=[Edge(source="odd", target="b", kind="shown")]))
    assert text.splitlines() == [
        "flowchart TD",
        '  n0["Odd<br/>say #quot;#lt;b#gt;hi#lt;/b#gt;#quot; #35; now"]',
        '  n1["B<br/>"]',
        "  n0 -. shown .-> n1",
    ]


def test_a_label_tells_scene_voice_and_cost() -> None:
    one = node("voiced", 0, scene_number=2, detail={"voice": "en-gb", "amount": 0.5, "currency": "USD"})
    assert label(one) == "scene 2 · en-gb · 0.500000 USD"


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


async def test_what_was_dropped_and_thrown_away_is_in_it() -> None:
    events = life(MADE, NOW, end="none")[:5]
    drop = RevisionDropped(video_id=MADE, ts_us=NOW + 90, by="revisions", why="there is another", overtaken_by=2)
    dropped = fact(drop, events[0])
    stop = WorkStopped(
        video_id=MADE, ts_us=NOW + 91, stage=Stage.SCENE, scene_number=2, fraction=0.25, why="dropped", cost=COST
    )
    store = MemoryStore()
    apply(store, [*events, dropped, fact(stop, dropped)])
    graph = await trace(ReadModel(store), MADE)
    told = {node.type: label(node) for node in graph.nodes}
    assert told["RevisionDropped"] == "there is another · revisions"
    assert told["WorkStopped"] == "scene 2 · 25% done · dropped · 0.500000 USD"
    last = graph.nodes[-1]
    assert {edge.source for edge in graph.edges if edge.target == last.id} == {dropped.id}


async def test_the_api_tells_it_of_a_video_and_of_any_id(api: Api) -> None:
    events = chain()
    apply(api.store, list(events.values()))
    video = await api.get(f"/v1/videos/{MADE}/lineage")
    assert video.status_code == 200 and {"id", "nodes", "edges", "more"} == set(video.json())
    whole = await api.get(f"/v1/lineage/{events['prompt'].id}", params={"direction": "up"})
    assert [one["type"] for one in whole.json()["nodes"]] == ["SwipeRecorded", "PromptSubmitted"]
    for path in (f"/v1/videos/{SWIPED}/lineage", f"/v1/lineage/{SWIPED}"):
        assert (await api.get(path)).status_code == 404
    assert (await api.get("/v1/lineage/nonsense")).status_code == 422
    assert (await api.get(f"/v1/lineage/{MADE}", params={"direction": "sideways"})).status_code == 422


async def test_the_command_prints_a_tree_a_flowchart_and_json(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(api.store, list(chain().values()))
    told = (await api.get(f"/v1/lineage/{MADE}")).json()
    asked: list[str] = []
    monkeypatch.setattr(lineage, "fetch", lambda _settings, _key, direction: asked.append(direction) or told)
    app = typer.Typer()
    commands.register(app)
    run = CliRunner().invoke
    assert json.loads(run(app, ["trace", MADE, "--json"]).output) == told
    assert run(app, ["trace", MADE, "--mermaid", "--up"]).output.startswith("flowchart TD")
    assert "VideoPublished" in run(app, ["trace", MADE, "--down"]).output
    assert asked == ["both", "up", "down"]
    bad = run(app, ["trace", "x"])
    assert isinstance(bad.exception, BadInputError) and bad.exception.hint


def test_where_nothing_is_known_it_says_where_ids_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise NotFoundError("none")

    monkeypatch.setattr(lineage, "ask", none)
    with pytest.raises(NotFoundError, match="none") as refused:
        lineage.fetch(Settings(), MADE)
    assert "swipestream prompt" in (refused.value.hint or "")
