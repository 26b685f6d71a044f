"""Recovering Faust's tables: a Kafka that does not answer is told from the order to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from faust.tables.recovery import ServiceStopped

from infra.errors import DeadlineError
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from processors.app import create_app
from processors.changelog import Changelog
from processors.recovery import Recovery


@pytest.fixture
async def recovery(tmp_path: Path) -> Recovery:
    """That of the app as it is run; nothing is started."""
    app = create_app(Settings(data_dir=tmp_path), cast(EventProducer, None), cast(Changelog, None))
    app.loop = asyncio.get_running_loop()
    found = app.tables.recovery
    assert isinstance(found, Recovery)
    return found


async def test_what_is_not_answered_in_time_is_an_error(recovery: Recovery) -> None:
    with pytest.raises(DeadlineError, match="did not tell within"):
        await recovery._wait(asyncio.Event().wait(), timeout=0.01)


async def test_an_answer_ends_the_wait(recovery: Recovery) -> None:
    await recovery._wait(asyncio.sleep(0), timeout=30)


async def test_the_order_to_stop_stays_what_it_is(recovery: Recovery) -> None:
    recovery._stopped.set()
    with pytest.raises(ServiceStopped):
        await recovery._wait(asyncio.Event().wait(), timeout=30)
