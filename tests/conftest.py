"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import structlog
from hypothesis import settings

from infra.kafka import trouble
from infra.stack import Stack, start_stack
from infra.stack.docker import engine_answers

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.sharing import ByFile

# Hundreds of processes of a run would compile the same modules again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# As in every process of ours logs go to stderr, wherever that is now: a command's stdout is for what it prints.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

# How fast a machine is, and what else it does, is no property of what is tested.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How the tests of one run are shared among processes (`-n`)."""
    from tests.sharing import ByFile

    return ByFile(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means: one a core, as far as there is room for a whole system in each."""
    from tests.sharing import processes

    return processes(cores=os.cpu_count() or 1, memory=psutil.virtual_memory().total)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In each of these processes what takes longest comes first; where there is one, what is quick."""
    if hasattr(config, "workerinput"):
        from tests.sharing import order

        items.sort(key=lambda item: order(item.nodeid))


@pytest.fixture(autouse=True, scope="session")
def _stay() -> Iterator[None]:
    """A consumer that runs in the tests' own process must not end it: only processes of their own start anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trouble, "drain", lambda: None)
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A real Kafka and Cassandra: at the addresses in the environment, else in Docker, else from the local jars.

    Started by the first test that asks for it, shared by all: take topic, group and keyspace names of your own.
    """
    kafka, cassandra = os.environ.get("SWIPESTREAM_KAFKA"), os.environ.get("SWIPESTREAM_CASSANDRA")
    if kafka and cassandra:
        yield Stack(kafka, cassandra)
    elif os.environ.get("SWIPESTREAM_STACK") != "jars" and engine_answers():
        yield from _containers()
    else:
        yield from _local(tmp_path_factory.mktemp("stack"))


def _local(folder: Path) -> Iterator[Stack]:
    """Nobody kills this Cassandra: its schema need not be on the disk after each new table."""
    with ExitStack() as opened:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("JDK_JAVA_OPTIONS", "-Dcassandra.test.flush_local_schema_changes=false")
            stack = opened.enter_context(start_stack(folder))
        yield stack


def _containers() -> Iterator[Stack]:
    from tests.containers import containers

    with containers() as stack:
        yield stack
