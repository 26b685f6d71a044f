"""The event backbone: swipes through the processor, a hop, rows into Cassandra, a rebuild, a replay."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report import Figure


def run() -> Sequence[Figure]:
    """Everything. Peers import what lies beside this, in an interpreter that lacks most of our libraries."""
    from bench.events.everything import run as everything

    return everything()
