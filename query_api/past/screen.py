"""A video and a viewer as they were, for the terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from query_api.past.fold import VideoThen, ViewerThen

#: Subjects and videos that are shown; --json has all of them.
SUBJECTS, VIDEOS = 12, 30


def video(then: VideoThen) -> RenderableType:
    """Its status, its stages, its script beside its scenes, its cost."""
    state = then.state
    title = Text.assemble(
        (state.title or state.prompt or state.video_id, "bold"), "  ", (state.status.value, "green"),
        f"  revision {state.revision}",
    )  # fmt: skip
    parts: list[RenderableType] = [title]
    if state.reason:
        parts.append(Text(state.reason, style="red"))
    parts.append(Text("  ".join(f"{one.stage.value} {one.at:%H:%M:%S.%f}"[:-3] for one in state.stages), style="dim"))
    if scenes := _scenes(then):
        parts.append(scenes)
    cost = state.cost
    parts.append(Text(f"cost {cost.amount:.6f} {cost.currency}, {cost.cpu_seconds:.2f} CPU-seconds"))
    return Group(*parts)


def _scenes(then: VideoThen) -> Table | None:
    written = {scene["scene_number"]: scene["narration"] for scene in (then.script or {}).get("scenes", ())}
    made = {scene.scene_number: scene for scene in then.state.scenes}
    if not written and not made:
        return None
    table = Table("scene", "voice", "picture", "narration", box=None, pad_edge=False)
    for number in sorted({*written, *made}):
        one = made.get(number)
        picture = (one.backend or "drawn") if one and one.rendered_at else ""
        table.add_row(str(number), "spoken" if one and one.voiced_at else "", picture, written.get(number, ""))
    return table


def viewer(then: ViewerThen) -> RenderableType:
    """What they were taken to like, and what they saw."""
    likes = ", ".join(f"{subject} {weight:+.2f}" for subject, weight in list(then.interests.items())[:SUBJECTS])
    table = Table("served", "why", "swiped", "did", "watched", "video", box=None, pad_edge=False)
    for row in then.seen[-VIDEOS:]:
        watched = f"{row['watched_ms'] / 1000:.1f} s" if row["watched_ms"] else ""
        liked = " (liked)" if row["liked"] else ""
        table.add_row(
            _when(row["served_us"]), row["reason"] or "", _when(row["swiped_us"]), (row["action"] or "") + liked,
            watched, row["video_id"],
        )  # fmt: skip
    more = len(then.seen) - VIDEOS
    parts: list[RenderableType] = [
        Text(f"viewer {then.viewer_id}", style="bold"),
        Text(likes or "no interests yet"),
        table,
    ]
    return Group(*parts, Text(f"and {more} earlier; --json has them", style="dim")) if more > 0 else Group(*parts)


def _when(ts_us: int | None) -> str:
    return datetime.fromtimestamp(ts_us / 1_000_000, UTC).strftime("%m-%d %H:%M:%S") if ts_us else ""
