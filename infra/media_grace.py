"""How long what is in a bucket counts as used, and how short the grace of a sweep may be there."""

from __future__ import annotations

#: What was used so recently, in seconds, counts as used now: nothing is written for it.
HELD_S = 600.0
#: The shortest grace in a bucket, in seconds: a mark is up to `HELD_S` old when a task begins.
SHORTEST_S = int(2 * HELD_S)
