"""The whole system, started once for all acceptance tests; and a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from infra.supervisor.private import PrivateSystem, private_system
from schemas.values import Artifact
from tests.acceptance.browser_kit import DESKTOP, Viewer, chromium
from tests.acceptance.page_kit import PageServer, make_clips
from tests.acceptance.studio_kit import StudioServer, serving


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSystem]:
    """All of `swipestream up`, with stores of its own: those that the other tests share are full of their records.

    Stores named in the environment are used instead. One video is made ahead of each viewer: every test is another
    one, and five for each would be most of the work.
    """
    names = ("KAFKA", "CASSANDRA")
    given = {name: value for name in names if (value := os.environ.get(f"SWIPESTREAM_{name}"))}
    with private_system(tmp_path_factory.mktemp("system"), KEYSPACE="acceptance", AHEAD="1", **given) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file, which are skipped where there is none."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Artifact, Artifact]]]:
    """Videos for a page, and where they lie."""
    folder = tmp_path_factory.mktemp("clips")
    return folder, make_clips(folder)


@pytest.fixture
def server(clips: tuple[Path, list[tuple[Artifact, Artifact]]]) -> Iterator[PageServer]:
    """A page over an empty feed, and what it needs of the API."""
    server = PageServer(*clips)
    with server.serving():
        yield server


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """The real API over tables in memory, for the tests of one file."""
    with serving(tmp_path_factory.mktemp("studio")) as studio:
        yield studio


@pytest.fixture
def size() -> dict[str, int]:
    """Of the window in which `page` is shown; files that are about another one say so."""
    return DESKTOP


@pytest.fixture
def page(browser: Browser, studio: StudioServer, size: dict[str, int]) -> Iterator[Page]:
    """The studio, where a project begins."""
    with Viewer(browser, studio.url, size) as viewer:
        viewer.open("studio/#/new")
        yield viewer.page
