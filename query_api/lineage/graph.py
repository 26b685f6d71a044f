"""The graph of a chain: facts and what they follow from. Pure: rows go in."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from query_api.readmodel.store import Row
from query_api.states import moment


class Direction(StrEnum):
    """Which way to go from what is asked for."""

    UP = "up"  #: what led to it
    DOWN = "down"  #: what came of it
    BOTH = "both"


class Node(BaseModel):
    """A fact. An answer of the feed is a node for each video in it."""

    id: str = Field(description="of this node; that of the event, where the event is one node")
    event_id: str
    type: str
    at: datetime
    video_id: str | None = None
    revision: int | None = None
    scene_number: int | None = None
    detail: dict[str, Any] = Field(default_factory=dict, description="what is worth telling: cost, voice, model …")
    record: str | None = Field(None, description="where it stands in the log: topic/partition/offset")


class Edge(BaseModel):
    """From a fact to one that follows from it."""

    source: str = Field(description="id of a node")
    target: str
    kind: str = Field(description="caused; shown: a video in an answer of the feed; swiped: what the viewer did then")


class Graph(BaseModel):
    """What led to something, and what came of it. Without cycles; in the order of time."""

    id: str = Field(description="what was asked for: a video, an event, a replay")
    nodes: list[Node]
    edges: list[Edge]
    more: bool = Field(False, description="there is more than is told here")

    def cut(self, targets: Iterable[str], direction: Direction) -> Graph:
        """The part that leads to some nodes, or follows from them; the nodes are in it."""
        wanted, kept = set(targets), set[str]()
        if direction is not Direction.DOWN:
            kept |= _reached(wanted, ((edge.target, edge.source) for edge in self.edges))
        if direction is not Direction.UP:
            kept |= _reached(wanted, ((edge.source, edge.target) for edge in self.edges))
        nodes = [node for node in self.nodes if node.id in kept]
        edges = [edge for edge in self.edges if edge.source in kept and edge.target in kept]
        return self.model_copy(update={"nodes": nodes, "edges": edges})


def _reached(start: set[str], steps: Iterable[tuple[str, str]]) -> set[str]:
    beyond: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in steps:
        beyond[source].append(target)
    found, todo = set(start), list(start)
    while todo:
        news = [one for one in beyond[todo.pop()] if one not in found]
        found.update(news)
        todo += news
    return found


@dataclass
class Building:
    """Nodes and edges as rows bring them; each node once."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)

    def facts(self, rows: Iterable[Row]) -> None:
        """Rows of `lineage`."""
        for row in rows:
            node = _fact(row)
            self.nodes[node.id] = node
            if cause := row["causation_id"]:
                self.causes[node.id] = cause
                self._trigger(cause, node.detail.pop("trigger", None))

    def _trigger(self, cause: str, told: Mapping[str, Any] | None) -> None:
        """What a prefetch follows from lies with its viewer: the prompt says what it was."""
        if told and cause not in self.nodes:
            detail = {name: value for name, value in told.items() if name in ("action", "watched_ms")}
            at, video = moment(told["ts_us"]), told.get("video_id")
            self.nodes[cause] = Node(
                id=cause, event_id=cause, type=told["type"], at=at, video_id=video, detail=detail
            )  # fmt: skip

    def seen(self, rows: Iterable[Row]) -> None:
        """Rows of `viewer_seen`: impressions, and what viewers did then."""
        for row in rows:
            shown = self._impression(row) if row["served_id"] else None
            if row["swipe_id"]:
                self._swipe(row, shown)

    def _impression(self, row: Row) -> str:
        told = {"why": row["reason"], "policy": row["policy"]}
        node = Node(
            id=f"{row['served_id']}/{row['video_id']}", event_id=row["served_id"], type="FeedServed",
            at=moment(row["served_us"]), video_id=row["video_id"], detail={k: v for k, v in told.items() if v},
        )  # fmt: skip
        self.nodes[node.id] = node
        return node.id

    def _swipe(self, row: Row, shown: str | None) -> None:
        told = {"action": row["action"], "watched_ms": row["watched_ms"]}
        node = Node(
            id=row["swipe_id"], event_id=row["swipe_id"], type="SwipeRecorded", at=moment(row["swiped_us"]),
            video_id=row["video_id"], detail={name: value for name, value in told.items() if value},
        )  # fmt: skip
        self.nodes[node.id] = node
        if shown and self.nodes[shown].at <= node.at:
            self._join(shown, node.id, "swiped")

    def interest(self, swipe_id: str, row: Row) -> None:
        """A row of `viewer_interests`, where it follows from this swipe."""
        if row["causation_id"] == swipe_id and swipe_id in self.nodes and row["event_id"]:
            at, likes = self.nodes[swipe_id].at, len(json.loads(row["interests"] or "{}"))
            self.nodes[row["event_id"]] = Node(
                id=row["event_id"], event_id=row["event_id"], type="InterestChanged", at=at, detail={"subjects": likes}
            )
            self.causes[row["event_id"]] = swipe_id

    def graph(self, asked: str, *, more: bool = False) -> Graph:
        """All of it. What follows from a fact that is not known stands at the top."""
        for node, cause in self.causes.items():
            if cause in self.nodes:
                self._join(cause, node, "caused")
        for one in self.nodes.values():
            if one.type == "FeedServed" and one.video_id and (source := self._shown_since(one)):
                self._join(source, one.id, "shown")
        ordered = sorted(self.nodes.values(), key=lambda node: (node.at, node.id))
        edges = [self.edges[pair] for pair in sorted(self.edges)]
        return Graph(id=asked, nodes=ordered, edges=edges, more=more)

    def _shown_since(self, impression: Node) -> str | None:
        """The event that put the video into the feeds as it was shown."""
        listed = [
            node for node in self.nodes.values()
            if node.type in _LISTED and node.video_id == impression.video_id and node.at <= impression.at
            and (node.type != "VideoPublished" or node.revision == 1)
        ]  # fmt: skip
        return max(listed, key=lambda node: node.at).id if listed else None

    def _join(self, source: str, target: str, kind: str) -> None:
        if source != target:
            self.edges.setdefault((source, target), Edge(source=source, target=target, kind=kind))


_LISTED = ("VideoPublished", "RevisionPromoted")


def _fact(row: Row) -> Node:
    return Node(
        id=row["event_id"],
        event_id=row["event_id"],
        type=row["type"],
        at=moment(row["ts_us"]),
        video_id=row["video_id"] or None,
        revision=row["revision"],
        scene_number=row["scene_number"],
        detail=json.loads(row["detail"] or "{}"),
        record=unpadded(row["record"]),
    )


def unpadded(record: str) -> str:
    """`topic/partition/offset` as people write it."""
    topic, partition, offset = record.rsplit("/", 2)
    return f"{topic}/{int(partition)}/{int(offset)}"


def of_video(graph: Graph, video_id: str) -> list[str]:
    """The nodes of a video itself: not those of viewers who saw it, or who swiped it and so asked for another one."""
    return [node.id for node in graph.nodes if node.video_id == video_id and node.type not in _VIEWERS]


_VIEWERS = ("FeedServed", "SwipeRecorded")


def leading(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """The nodes that follow from none of the others."""
    caused = {edge.target for edge in edges}
    return [node for node in nodes if node.id not in caused]
