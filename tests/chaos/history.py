"""What happened, as seen from outside: what clients were told, what the log holds, what the tables hold."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.kafka.records import Received

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Walked:
    """The videos that one walk through a feed was served, in order."""

    viewer: str
    videos: tuple[str, ...]


@dataclass
class Told:
    """What clients were told. Thread-safe."""

    prompts: set[str] = field(default_factory=set)  #: videos whose prompt was acknowledged
    swipes: set[tuple[str, str]] = field(default_factory=set)  #: viewer and id of swipes that were acknowledged
    walks: list[Walked] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)  #: how often which answer, by `POST /v1/prompts 202`
    given_up: list[str] = field(default_factory=list)  #: requests that never succeeded
    wrong: list[str] = field(default_factory=list)  #: answers that no client should ever get
    #: Videos pushed to the listener, by stretch: a new one begins when the gateway says `resync`.
    pushed: list[list[str]] = field(default_factory=lambda: [[]])
    resyncs: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Dead:
    """A dead letter: who put it there, why, and the record."""

    consumer: str
    reason: str
    topic: str
    partition: int
    offset: int
    key: str
    video_id: str | None


@dataclass(frozen=True, kw_only=True)
class Log:
    """All facts, topic by topic in the order of the log; what nobody can read, and all dead letters.

    `ends`: the offset after the last record of each partition, whether it can be read or not.
    """

    facts: Sequence[Received]
    progress: Sequence[Received]
    unreadable: frozenset[tuple[str, int, int]] = frozenset()
    dead: Sequence[Dead] = ()
    ends: Mapping[tuple[str, int], int] = field(default_factory=dict)


#: Rows of each table, by their key.
Tables = Mapping[str, Mapping[tuple[Any, ...], Row]]


@dataclass(frozen=True, kw_only=True)
class History:
    """All that the checker looks at."""

    told: Told
    log: Log
    tables: Tables
    #: Walks through the feed to its end, after everything has come to rest.
    last_walks: Sequence[Walked] = ()
    poisoned: frozenset[tuple[str, int, int]] = frozenset()
    #: What the log calls viewers, by the name that clients have for them; who is not in it is called the same.
    known_as: Mapping[str, str] = field(default_factory=dict)
    #: Whether the system came to rest in time, and what did not.
    restless: str = ""
