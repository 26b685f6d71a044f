"""`python -m gpu_consumers [--stages script,scene,assembly]`: one worker process."""

from __future__ import annotations

import argparse
import logging
import os
import signal

from gpu_consumers.doors import opened
from gpu_consumers.worker import Worker, workshop
from infra.ending import ANEW, end_within, exit_code
from infra.starting import ending_told, started
from infra.storage.scratch import scratch
from schemas.videos import Stage

#: Rendering may take every core; answering people comes first.
NICENESS = 10
STAGES = (Stage.SCRIPT, Stage.SCENE, Stage.ASSEMBLY)


@ending_told()
def main() -> None:
    """Work until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m gpu_consumers", description=__doc__)
    parser.add_argument("--stages", default=",".join(STAGES), help="which tasks to take (default: %(default)s)")
    stages = tuple(Stage(name) for name in parser.parse_args().stages.split(","))
    config = started()
    os.nice(NICENESS)
    worker = Worker(workshop(config, os.environ.get("SWIPESTREAM_WORKER_NAME", "worker")), stages)

    def stop(*_: object) -> None:
        end_within()
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with scratch(config.scratch_dir), opened(config.host, config.worker_port, worker.fitness):
        worker.run()
    # A scene that is still being drawn was not committed and comes again: nobody waits for its thread.
    logging.shutdown()
    os._exit(ANEW if worker.failed else exit_code())


if __name__ == "__main__":
    main()
