"""`python -m processors`: the Faust worker. Drains and leaves the group on SIGTERM."""

from __future__ import annotations

import asyncio
import os

import mode
import uvloop

from infra.kafka.producer import EventProducer
from infra.settings import settings
from infra.telemetry import logs
from processors.app import create_app, quiet


def main() -> None:
    """Run until a signal."""
    config = settings()
    logs.configure(config.log_level, config.log_format)
    quiet()
    instance = os.environ.get("SWIPESTREAM_PROCESSORS_NAME", "processors-1")
    producer = EventProducer(config.kafka_address, instance)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    app = create_app(config, producer, instance=instance)
    try:
        mode.Worker(
            app, loop=loop, override_logging=False, redirect_stdouts=False, daemon=True
        ).execute_from_commandline()
    finally:
        producer.close()


if __name__ == "__main__":
    main()
