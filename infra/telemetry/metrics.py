"""Metrics that every process has, in one Prometheus registry."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

DEAD_LETTERS = Counter("swipestream_dead_letters_total", "Records put aside", ["consumer", "reason"])
RETRIES = Counter("swipestream_retries_total", "Records that will be tried again", ["consumer", "tier"])
PARKED = Gauge("swipestream_parked_keys", "Keys whose events wait behind a failed one", ["consumer"])
UNREADABLE = Counter("swipestream_unreadable_batches_total", "Batches that a client could not read", ["consumer"])
HANDLED = Counter("swipestream_records_total", "Records handled", ["consumer", "type"])
PAUSED = Gauge("swipestream_consumer_paused", "1 while a consumer takes no work, for want of disk space", ["consumer"])
IN_HAND = Gauge("swipestream_records_in_hand", "Records taken and not finished", ["consumer"])
ANOMALIES = Counter("swipestream_scene_anomalies_total", "Figures of scenes far off what is usual", ["model", "figure"])
TASK_SECONDS = Histogram(
    "swipestream_task_seconds",
    "Wall time of a task",
    ["consumer"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160),
)
