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
FALLBACKS = Counter("swipestream_fallbacks_total", "Backends that another had to stand in for", ["stage", "backend"])
LATE = Counter("swipestream_scenes_late_total", "Scenes that were made after their deadline", ["lane"])
STOPPED = Counter(
    "swipestream_work_stopped_total", "Work given up half-way, since nobody wanted it any more", ["stage"]
)
INFEASIBLE = Counter(
    "swipestream_deadlines_infeasible_total", "Clips whose deadline could not be kept from the start", ["lane"]
)
READY = Gauge("swipestream_worker_ready", "1 while a worker takes scenes")
OUT_OF_MEMORY = Counter("swipestream_device_out_of_memory_total", "Times that a device had not the memory for a clip")
MODEL_LOADS = Counter("swipestream_model_loads_total", "Models brought onto a device, from host or disk", ["source"])
HOST_CACHE = Gauge("swipestream_host_cache_bytes", "Models in the host's memory that made way on a device")
SELF_TESTS_FAILED = Counter("swipestream_device_self_tests_failed_total", "Self-tests that a device failed")
TASK_SECONDS = Histogram(
    "swipestream_task_seconds",
    "Wall time of a task",
    ["consumer"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160),
)
