"""What the gateway counts."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("swipestream_gateway_connections", "Clients connected")
REFUSED = Counter("swipestream_gateway_refused_total", "Connections refused before they were opened", ["reason"])
DELIVERIES = Counter("swipestream_gateway_deliveries_total", "Messages written to clients")
PUSH_SECONDS = Histogram(
    "swipestream_gateway_push_seconds",
    "From the append to the log to the write to the socket, once for each slice of clients",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CLOSED = Counter("swipestream_gateway_closed_total", "Connections closed by the gateway", ["code"])
RESUMES = Counter("swipestream_gateway_resumes_total", "Clients that came with a token", ["outcome"])
MALFORMED = Counter("swipestream_gateway_malformed_total", "Messages that are not what the protocol says")
BUFFERED = Gauge("swipestream_gateway_buffered_bytes", "Bytes waiting for clients")
RING = Gauge("swipestream_gateway_ring_entries", "Frames kept for replay")


def delivered(messages: int, appended_ms: Sequence[int]) -> None:
    """So many messages were written, that carry records appended at these times (milliseconds since the epoch)."""
    if not messages:
        return
    DELIVERIES.inc(messages)
    now = time.time()
    for at in appended_ms:
        PUSH_SECONDS.observe(max(0.0, now - at / 1000))
