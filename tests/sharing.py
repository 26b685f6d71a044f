"""How the tests of one run are shared among processes (`-n`)."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Bytes that a process needs at most: a Kafka, a Cassandra and a whole system of its own.
EACH = 6 * 2**30
#: More processes than this have nothing to do in the end.
MOST = 8
#: Folders whose tests share one running system: of two processes one gets all of them, so that it is started once.
TOGETHER = ("tests/acceptance", "tests/integration")
#: What takes longest comes first: no process is left alone with it in the end.
FIRST = (*TOGETHER, "tests/chaos", "tests/models/test_tiles.py")


def folder(nodeid: str) -> str:
    """Of the file that a test is in."""
    return str(PurePosixPath(nodeid.partition("::")[0]).parent)


def processes(cores: int, memory: int) -> int:
    """Among how many processes tests are shared on a machine with `memory` bytes; 0: all in the one that is there."""
    most = min(cores, memory // EACH, MOST)
    return most if most > 1 else 0


def order(nodeid: str) -> int:
    """The place of a test among those that come first, or behind them."""
    return next((place for place, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))


class ByFile(LoadScopeScheduling):
    """A process is given one file of tests after the other, as they are collected; one of two, all of `TOGETHER`."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # how many tests a file has says nothing of how long they take

    def _split_scope(self, nodeid: str) -> str:
        whole = folder(nodeid) in TOGETHER and self.numnodes <= 2
        return folder(nodeid) if whole else nodeid.partition("::")[0]
