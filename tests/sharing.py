"""How the tests of one run are shared among processes (`-n`)."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Folders whose tests share one running system: a process gets all of them, so that it is started once.
TOGETHER = ("tests/acceptance", "tests/integration")
#: What takes longest comes first: no process is left alone with it in the end.
FIRST = (*TOGETHER, "tests/chaos")


def folder(nodeid: str) -> str:
    """Of the file that a test is in."""
    return str(PurePosixPath(nodeid.partition("::")[0]).parent)


class ByFile(LoadScopeScheduling):
    """A process is given one file of tests after the other, as they are collected; of `TOGETHER`, a whole folder."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # how many tests a file has says nothing of how long they take

    def _split_scope(self, nodeid: str) -> str:
        return folder(nodeid) if folder(nodeid) in TOGETHER else nodeid.partition("::")[0]
