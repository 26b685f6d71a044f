"""What the read side measures of itself."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

REQUESTS = Counter("swipestream_http_requests_total", "Requests answered", ["method", "path", "status"])
SECONDS = Histogram("swipestream_http_request_seconds", "Time to answer", ["method", "path"], buckets=_FAST)
FEED_ITEMS = Counter("swipestream_feed_items_total", "Videos served in feeds", ["reason"])
FEED_EMPTY = Counter("swipestream_feed_empty_total", "Feeds that had nothing to show")
PROMPTS = Counter("swipestream_prompts_accepted_total", "Prompts taken in", ["origin"])
SWIPES = Counter("swipestream_swipes_accepted_total", "Swipes taken in", ["action"])
LAG = Gauge("swipestream_projection_lag_records", "Records that are not in the read model yet", ["topic"])
