"""The Faust app: a factory, so that each test has a fresh one. Settings and their reasons: docs/decisions/."""

from __future__ import annotations

import logging

import faust
from faust.types import TableT

from infra import flavors
from infra.errors import NotFoundError
from infra.flavors import Flavor, Moderation
from infra.kafka import connection
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from processors.agent import Shell
from processors.changelog import SESSION_S, Changelog
from processors.decision import Processor
from processors.fetches import WAITING, Schema, transport
from processors.projects import projects
from processors.prompts import prompts
from processors.recovery import Tables
from processors.states import States
from processors.videos import VIDEOS
from processors.viewers import viewers
from schemas.topics import NOW, PROCESSORS, TOPICS, changelog, retry_topic

#: The table of the keys whose events wait behind one that failed.
PARKED = "parked"


def processors(settings: Settings) -> tuple[Processor, ...]:
    """Every processor of the app."""
    return (
        prompts(lambda flavor: _moderation(settings, flavor), lambda flavor: _draft_first(settings, flavor)),
        VIDEOS,
        projects(lambda flavor: _moderation(settings, flavor)),
        viewers(settings.ahead, settings.viewer_active_s),
    )


def _flavor(settings: Settings, name: str) -> Flavor | None:
    """As its file is now; None where there is none of that name: its script task will say so."""
    try:
        return flavors.get_flavor(name, settings)
    except NotFoundError:
        return None


def _moderation(settings: Settings, name: str) -> Moderation:
    flavor = _flavor(settings, name)
    return flavor.moderation if flavor else Moderation()


def _draft_first(settings: Settings, name: str) -> bool:
    flavor = _flavor(settings, name)
    return flavor is not None and flavor.draft_first


def create_app(
    settings: Settings, producer: EventProducer, changelog: Changelog, *, instance: str = "processors-1"
) -> faust.App:
    """The app, not started. `instance` must stay the same over restarts of one process (static membership)."""
    app = faust.App(
        PROCESSORS,
        broker=f"kafka://{settings.kafka_address.replace(',', ';')}",
        broker_credentials=_credentials(settings),
        store="memory://",
        datadir=str(settings.data_dir / "faust"),
        processing_guarantee="at_least_once",
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_replication_factor=settings.kafka_replication,
        broker_max_poll_records=500,
        broker_commit_interval=1.0,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=20.0,
        stream_buffer_maxsize=1024,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance,
        table_standby_replicas=0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        TableManager=Tables,
        logging_config={"version": 1, "disable_existing_loggers": False, "incremental": True},
    )
    app.transport = transport(app, changelog)
    parked = States(_table(app, PARKED))
    for processor in processors(settings):
        states = States(_table(app, processor.table) if processor.table else None)
        _attach(app, processor, Shell(processor, states, parked, producer, changelog))
    return app


def _credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    encrypted = connection.encrypted(settings)
    if not settings.kafka_user:
        return faust.SSLCredentials(encrypted) if encrypted else None
    return faust.SASLCredentials(
        username=settings.kafka_user, password=settings.kafka_password.get_secret_value(),
        ssl_context=encrypted, mechanism=settings.kafka_sasl_mechanism,
    )  # fmt: skip


def _attach(app: faust.App, processor: Processor, shell: Shell) -> None:
    topic = app.topic(
        *processor.topics, retry_topic(PROCESSORS, NOW), schema=Schema(key_type=bytes, value_type=bytes),
        partitions=TOPICS[processor.topics[0]].partitions, maxsize=WAITING,
    )  # fmt: skip
    app.agent(topic, name=f"processors.{processor.name}", concurrency=1)(shell.run)


def _table(app: faust.App, name: str) -> TableT[bytes, bytes]:
    return app.Table(name, partitions=TOPICS[changelog(name)].partitions, key_type=bytes, value_type=bytes)


def quiet() -> None:
    """Faust and aiokafka speak much; what matters is what we log."""
    for name in ("faust", "mode", "aiokafka", "processors.fetches", "processors.recovery"):
        logging.getLogger(name).setLevel(logging.WARNING)
