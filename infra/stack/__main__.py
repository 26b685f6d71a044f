"""`python -m infra.stack`: both parts in the foreground until SIGTERM or Ctrl-C, for tests and trials."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from infra.stack.stack import start_stack


def main() -> None:
    """Start, print one line `READY kafka=… cassandra=…`, wait for a signal, stop."""
    parser = argparse.ArgumentParser(prog="python -m infra.stack", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for everything they keep")
    parser.add_argument("--kafka-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--cassandra-port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    told = threading.Event()

    def stop(*_: object) -> None:
        told.set()
        raise KeyboardInterrupt  # unwinds, and so stops what has been started by then

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    arguments.data.mkdir(parents=True, exist_ok=True)
    try:
        with start_stack(arguments.data, arguments.kafka_port, arguments.cassandra_port) as stack:
            print(f"READY kafka={stack.kafka} cassandra={stack.cassandra}", flush=True)
            told.wait()  # set already where the exception was lost, as in a callback of a library
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
