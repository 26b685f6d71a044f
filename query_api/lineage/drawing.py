"""A graph as a tree for the terminal, and as Mermaid for documents."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from rich.text import Text
from rich.tree import Tree

from query_api.lineage.graph import Edge, Graph, Node, leading

_BAD = ("PromptRejected", "VideoFailed", "VideoWithdrawn", "RevisionDropped", "WorkStopped")
#: What says most about a fact, in this order; so many of them are told.
_TELLING = (
    "title", "content", "allowed", "done", "why", "action", "outcome", "error", "origin", "subject", "writer", "voice",
    "backend", "model", "look", "by", "flavor",
)  # fmt: skip
_TOLD = 3
#: Impressions below one event that are drawn one by one.
_SHOWN = 8


def tree(graph: Graph) -> Tree:
    """What follows below what it follows from, with how long after it; drawn once where it follows from several."""
    below: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        below[edge.source].append(edge)
    nodes = {node.id: node for node in graph.nodes}
    top = Tree(Text(f"lineage of {graph.id}", style="bold"), guide_style="dim")
    drawn: set[str] = set()
    for node in leading(graph.nodes, graph.edges):
        _grow(top, node, None, nodes, below, drawn)
    if graph.more:
        top.add(Text("and more", style="dim"))
    return top


def _grow(
    branch: Tree, node: Node, cause: Node | None, nodes: dict[str, Node],
    below: defaultdict[str, list[Edge]], drawn: set[str],
) -> None:  # fmt: skip
    if node.id in drawn:
        return
    drawn.add(node.id)
    own = branch.add(_line(node, cause))
    shown = 0
    for edge in sorted(below[node.id], key=lambda edge: nodes[edge.target].at):
        shown += edge.kind == "shown"
        if edge.kind != "shown" or shown <= _SHOWN:
            _grow(own, nodes[edge.target], node, nodes, below, drawn)
    if shown > _SHOWN:
        own.add(Text(f"and shown {shown - _SHOWN} times more", style="dim"))


def _line(node: Node, cause: Node | None) -> Text:
    """One fact: when, what, how long after its cause; below that where to find it."""
    after = f"  +{_seconds(node.at, cause.at)}" if cause else ""
    # The day once: with it, a line would be longer than a terminal is wide.
    when = f"{node.at:%H:%M:%S}" if cause and node.at.date() == cause.at.date() else f"{node.at:%Y-%m-%d %H:%M:%S}"
    return Text.assemble(
        (node.type, "red" if node.type in _BAD else "green"),
        (after, "yellow"),
        f"  {label(node)}\n",
        (f"{node.event_id}  {when}  {node.record or ''}".rstrip(), "dim"),
    )


def _seconds(at: datetime, before: datetime) -> str:
    return f"{(at - before).total_seconds():.3f} s"


def label(node: Node) -> str:
    """What is worth telling of a fact, in few words."""
    found = [str(node.detail[name])[:60] for name in _TELLING if name in node.detail]
    told = list(dict.fromkeys(found))[:_TOLD]
    scene = [f"scene {node.scene_number}"] if node.scene_number else []
    later = [f"revision {node.revision}"] if node.revision and node.revision > 1 else []
    about = [f"video {node.video_id}"] if node.type in ("SwipeRecorded", "PromptSubmitted") and node.video_id else []
    watched = [f"{node.detail['watched_ms'] / 1000:.1f} s"] if node.detail.get("watched_ms") else []
    cost = [f"{node.detail['amount']:.6f} {node.detail['currency']}"] if node.detail.get("amount") else []
    return " · ".join([*scene, *later, *told, *watched, *about, *cost])


def mermaid(graph: Graph) -> str:
    """A flowchart that GitHub and most editors draw."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = [f'  {names[node.id]}["{node.type}<br/>{_escaped(label(node))}"]' for node in graph.nodes]
    arrows = {"caused": "-->", "shown": "-. shown .->", "swiped": "-. swiped .->"}
    lines += [f"  {names[edge.source]} {arrows[edge.kind]} {names[edge.target]}" for edge in graph.edges]
    return "\n".join(["flowchart TD", *lines])


def _escaped(text: str) -> str:
    """Mermaid reads quotes and angle brackets itself; it takes entities for them."""
    for sign, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, entity)
    return text
