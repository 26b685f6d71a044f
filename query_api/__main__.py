"""`python -m query_api projector` and `python -m query_api serve`."""

from __future__ import annotations

import argparse
import signal

from infra import collecting
from infra.ending import end_within
from infra.settings import Settings
from infra.starting import started
from infra.storage.scratch import scratch


def main() -> None:
    """Run one of the two processes of the read side until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m query_api", description=__doc__)
    parser.add_argument("part", choices=("projector", "serve"))
    part = parser.parse_args().part
    {"projector": _projector, "serve": _serve}[part](started())


def _projector(config: Settings) -> None:
    from query_api.projections.projector import ProjectorService

    service = ProjectorService(config)

    def stop(*_: object) -> None:
        end_within()
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    collecting.rarely()
    service.run()


def _serve(config: Settings) -> None:
    from query_api.serve import run

    with scratch(config.scratch_dir):
        run(config)


if __name__ == "__main__":
    main()
