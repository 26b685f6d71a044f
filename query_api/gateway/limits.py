"""What a client may do and how long it may take, and what the gateway may hold. One place, so that it can be said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times are in seconds, sizes in bytes. The defaults are documented in docs/reference/gateway.md."""

    connections: int = 20_000  #: on this node; beyond it, HTTP 503
    connections_per_viewer: int = 16
    connects_per_s: float = 500.0  #: new connections a second, with a burst of twice as many; beyond it, HTTP 503
    frame_size: int = 16_384  #: of one message from a client
    frames_per_s: float = 20.0  #: messages from a client, with a burst of three times as many
    errors: int = 5  #: malformed messages after which a client is closed
    videos: int = 32  #: that one connection watches for progress
    hello_s: float = 10.0  #: within which a client must say hello
    ping_s: float = 20.0
    pong_s: float = 20.0
    buffered: int = 262_144  #: bytes that may wait for one client
    evict_s: float = 5.0  #: a client that is evicted may still read what waits for it
    ahead_s: float = 2.0  #: how long a token from a node that is further on is waited for
    replay: int = 300  #: frames replayed at most
    ring: int = 2_000  #: frames kept for replay
    ring_bytes: int = 8_388_608
    lives: int = 512  #: videos whose progress is remembered
    tick_s: float = 0.05
    slice: int = 512  #: clients written to before the loop may do something else
    beat_s: float = 10.0
    drain_s: float = 1.0  #: over which clients are sent away at shutdown
