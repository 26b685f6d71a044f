"""Metrics that every process has, in one Prometheus registry."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

DEAD_LETTERS = Counter("swipestream_dead_letters_total", "Records put aside", ["consumer", "reason"])
HANDLED = Counter("swipestream_records_total", "Records handled", ["consumer", "type"])
IN_HAND = Gauge("swipestream_records_in_hand", "Records taken and not finished", ["consumer"])
TASK_SECONDS = Histogram(
    "swipestream_task_seconds",
    "Wall time of a task",
    ["consumer"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160),
)
