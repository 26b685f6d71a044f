"""`python -m query_api projector`, `python -m query_api serve` and `python -m query_api tracer`."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable

from infra import collecting
from infra.ending import end_within
from infra.errors import ConfigurationError
from infra.settings import Settings
from infra.starting import ending_told, started
from infra.storage.scratch import scratch


@ending_told()
def main() -> None:
    """Run one of the processes of the read side until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m query_api", description=__doc__)
    parser.add_argument("part", choices=("projector", "serve", "tracer"))
    part = parser.parse_args().part
    {"projector": _projector, "serve": _serve, "tracer": _tracer}[part](started())


def _projector(config: Settings) -> None:
    from query_api.projections.projector import ProjectorService

    service = ProjectorService(config)
    _stopped_by_signals(service.stop)
    collecting.rarely()
    service.run()


def _tracer(config: Settings) -> None:
    if not config.otlp_endpoint:
        raise ConfigurationError("SWIPESTREAM_OTLP_ENDPOINT names no collector, such as http://localhost:4318.")
    from query_api.spans.otlp import Collector
    from query_api.spans.tracer import Tracer

    tracer = Tracer(config.kafka_address, Collector(config.otlp_endpoint))
    _stopped_by_signals(tracer.stop)
    tracer.run()


def _stopped_by_signals(stop: Callable[[], None]) -> None:
    def told(*_: object) -> None:
        end_within()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _serve(config: Settings) -> None:
    from query_api.serve import run

    with scratch(config.scratch_dir):
        run(config)


if __name__ == "__main__":
    main()
