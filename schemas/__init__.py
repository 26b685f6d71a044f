"""The contracts: events, tasks, topics, ids and tables. This room imports nothing of ours."""

from schemas import (
    deadletters,
    feeds,
    progress,
    projections,
    projects,
    prompts,
    quality,
    replays,
    swipes,
    tasks,
    uploads,
    videos,
    viewers,
)

__all__ = [
    "deadletters",
    "feeds",
    "progress",
    "projections",
    "projects",
    "prompts",
    "quality",
    "replays",
    "swipes",
    "tasks",
    "uploads",
    "videos",
    "viewers",
]
