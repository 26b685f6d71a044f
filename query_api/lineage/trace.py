"""Finding the chain of a video, of an event or of a replay: two rounds of reads at most, whatever is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from infra.errors import NotFoundError
from query_api.lineage.graph import Building, Direction, Graph, of_video
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Row

#: Facts of a chain, impressions of a video, and videos of a chain whose impressions are looked for.
FACTS, IMPRESSIONS, VIDEOS = 2_000, 200, 12
#: Chains that a video belongs to: one for its prompt, one for each later revision.
CHAINS = 20


async def trace_video(read: ReadModel, video_id: str, direction: Direction = Direction.BOTH) -> Graph | None:
    """What led to a video and what came of it; None where there is none. Raises UnavailableError."""
    events, seen = await asyncio.gather(read.events(video_id), read.shown(video_id, IMPRESSIONS))
    if not events:
        return None
    building = Building()
    roots = list(dict.fromkeys(row["correlation_id"] for row in events))[:CHAINS]
    # Its own slice of each chain, and what is about no video: a replay of thousands is not read whole.
    parts = await asyncio.gather(*(read.chain_of(root, video) for root in roots for video in (video_id, "")))
    for rows in parts:
        building.facts(rows)
    building.seen(seen)
    graph = building.graph(video_id, more=len(seen) == IMPRESSIONS)
    return graph.cut(of_video(graph, video_id), direction)


async def trace(read: ReadModel, wanted: str, direction: Direction = Direction.BOTH) -> Graph:
    """The same from any id: a video, an event, a replay. Raises NotFoundError, UnavailableError."""
    if found := await trace_video(read, wanted, direction):
        return found
    chain, fact, swipe, served = await asyncio.gather(
        read.chain(wanted, FACTS), read.fact(wanted), read.swiped_by(wanted), read.served_by(wanted)
    )
    if not chain and fact is not None:
        chain = await read.chain(fact["root"], FACTS)
    if not (chain or swipe or served):
        raise NotFoundError(
            f"Nothing is known of {wanted}.",
            hint="It may be the id of a video, of an event, or of a replay; what viewers did is kept for 98 days.",
        )
    building = Building()
    building.facts(chain)
    building.seen(await _shown(read, chain))
    building.seen(_without_served(swipe) or served)
    if swipe and (likes := await read.interest_row(swipe[0]["viewer_id"])):
        building.interest(wanted, likes)
    graph = building.graph(wanted, more=len(chain) == FACTS)
    targets = [node.id for node in graph.nodes if wanted in (node.id, node.event_id)]
    return graph.cut(targets or [node.id for node in graph.nodes], direction)


async def _shown(read: ReadModel, chain: Sequence[Row]) -> list[Row]:
    """The impressions of the videos that came of a chain."""
    videos = list(dict.fromkeys(row["video_id"] for row in chain if row["type"] == "VideoPublished"))[:VIDEOS]
    found = await asyncio.gather(*(read.shown(video, IMPRESSIONS) for video in videos))
    return [row for rows in found for row in rows]


def _without_served(rows: Sequence[Row]) -> list[Row]:
    """A swipe alone: that its video was shown before is not what it led to."""
    return [row | {"served_id": None} for row in rows]
