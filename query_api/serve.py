"""`python -m query_api serve`: the HTTP API and the websocket gateway in one process and one event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
import uvloop
from starlette.types import ASGIApp

from infra.heartbeat import Heartbeat
from infra.kafka.producer import EventProducer
from infra.kafka.tail import Tail
from infra.people import cassandra as people
from infra.people.pseudonyms import Pseudonyms
from infra.settings import Settings
from infra.storage.stores import media_store
from infra.telemetry import logs
from query_api import distances
from query_api.figures import FOLLOWED, HISTORY, Backlog, Tally
from query_api.gateway import server as gateway
from query_api.health import LogRanges, Monitor
from query_api.http import server
from query_api.http.app import create_app
from query_api.http.figure_answers import Figures
from query_api.http.parts import Parts
from query_api.identity.identity import Identity
from query_api.members import Members
from query_api.projects.desk import Desk
from query_api.readmodel.cassandra import CassandraReader, reading
from query_api.readmodel.model import ReadModel
from query_api.serving import Feed

log = logs.get("serve")

#: Seconds that requests under way get to finish, and records to reach the log, after SIGTERM.
DRAIN_S, FLUSH_S = 3, 1.5
#: A request waits a second for the log at most: what was not delivered by then is not delivered later either, so that
#: a client that was told to try again does not get two videos.
DELIVERY_S = 1.0


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    uvloop.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serve until the server is told to stop; then finish what is under way."""
    heart = Heartbeat("query-api")
    heart.turning(asyncio.get_running_loop())
    with heart:
        await _serve(settings)


async def _serve(settings: Settings) -> None:
    async with (
        _parts(settings) as parts,
        gateway.start(settings, identity=parts.identity, seal=parts.urls.frame) as live,
        _counting(settings, parts.figures.tally),
    ):
        parts.gateway = live
        api = server.Server(listening(settings, create_app(parts)), live.drain)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, api.stop)
        await api.serve()


def listening(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """How the app listens. What proxies say of who asks is believed of those that the settings name."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.api_port,
        http=server.Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=30,
        forwarded_allow_ips=settings.proxies,
        backlog=512,
    )


@asynccontextmanager
async def _counting(settings: Settings, tally: Tally) -> AsyncIterator[None]:
    """Follow the log for the figures."""
    async with Tail(settings.kafka_address, FOLLOWED, history=HISTORY) as tail:

        async def count() -> None:
            async for batch in tail:
                tally.take(batch)
                for received in batch.records:
                    distances.show(received.envelope.data)

        counting = asyncio.create_task(count())
        try:
            yield
        finally:
            counting.cancel()


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[Parts]:
    media = await asyncio.to_thread(media_store, settings)
    session, keys = reading(settings), people.session(settings)
    read = ReadModel(CassandraReader(session))
    producer = EventProducer(settings.kafka_address, "query-api", delivery_s=DELIVERY_S)
    # Nobody waits for impressions, so they may wait for the broker.
    patient = EventProducer(settings.kafka_address, "query-api-feed")
    known = people.CassandraKeyStore(keys, settings.kafka_address)
    filling = asyncio.create_task(known.fill())
    try:
        yield Parts(
            settings=settings,
            read=read,
            publisher=producer,
            feed=Feed(read, patient),
            media=media,
            health=Monitor(read, LogRanges(settings.kafka_address), Members(settings.kafka_address)),
            identity=Identity(settings, Pseudonyms(known, producer).of),
            desk=Desk(read, producer),
            figures=Figures(Tally(), Backlog(settings.kafka_address)),
        )
    finally:
        filling.cancel()
        closing = ((producer.close, FLUSH_S), (patient.close, FLUSH_S))
        await asyncio.gather(*(asyncio.to_thread(close, wait) for close, wait in closing))
        for own in (session, keys):
            await asyncio.to_thread(own.close)
