"""`python -m bench NAME [--json] [--strict]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from bench.report import Figure, keep, show
from infra.errors import BadInputError, SwipestreamError
from infra.stack.jars import cache_dir
from infra.storage.scratch import scratch
from infra.telemetry import logs

#: Benches by name; each module has `run() -> Sequence[Figure]`.
BENCHES = {
    "pipeline": "prompt to published, split by stage, and the pipeline's own overhead",
    "accept": "prompts a minute that a working system takes in, and how long each waits for its answer",
    "events": "swipes beside Quix Streams, a hop, rows beside the bare driver, a rebuild of 1 M events, a replay",
    "render": "CPU, memory and speed of a video, beside the bare encode and what peers do",
    "feed": "the feed at 300 requests a second: the server's own p99, CPU for an answer",
    "gateway": "thousands of websockets: CPU for a delivery, memory for a connection, append to client",
    "page": "the swipe page: from a swipe and from nothing to the first frame, memory, shifts, bytes",
    "load": "10,000 sockets on one node while 200 viewers swipe; a Go hub beside it",
    "scheduler": "decisions a second, and what they are of a denoising step",
    "gpu": "an NVIDIA GPU: eager, inductor and TensorRT on a transformer of full size; share of the chip's peak",
    "memory": "what the shipped models take of a GPU's memory, computed without one (needs torch)",
    "operations": "what a step of the shipped models computes, counted, beside the formula (needs torch)",
    "gpu-sim": "1 to 1,000 GPUs, simulated with the real scheduler: waits, deadlines, throughput, cost",
    "gpu-ahead": "videos made ahead, with and without deadlines: how long simulated viewers wait for them",
}


def main() -> int:
    """Run one bench."""
    names = "\n".join(f"  {name:<10} {about}" for name, about in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Benches:\n" + names, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=BENCHES, metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict", action="store_true", help="exit 1 when an aim does not hold")
    parser.add_argument("--tiny", action="store_true", help="gpu: a few weights, on a CPU too; shows that it runs")
    parser.add_argument(
        "--only", choices=("eager", "inductor", "tensorrt"), help="gpu: this one; the others' figures stay"
    )
    chosen = parser.parse_args()
    logs.configure("WARNING")  # to stderr: stdout is for the figures
    try:
        with scratch(cache_dir().parent / "bench"):
            figures = _measured(chosen.name, tiny=chosen.tiny, only=chosen.only)
    except SwipestreamError as error:
        print(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        return error.exit_code
    holds = show(chosen.name, figures, as_json=chosen.json)
    return 0 if holds or not chosen.strict else 1


def _measured(name: str, *, tiny: bool, only: str | None) -> Sequence[Figure]:
    """The figures of a bench, kept in its file; tiny ones say nothing and are not kept."""
    module = importlib.import_module(f"bench.{name.replace('-', '_')}")
    if name == "gpu":  # which keeps its own, part by part
        return module.run(tiny=tiny, only=only)  # type: ignore[no-any-return]
    if tiny or only:
        raise BadInputError("only gpu has a tiny form and parts")
    figures: Sequence[Figure] = module.run()
    keep(name, figures, module.about() if hasattr(module, "about") else None)
    return figures


if __name__ == "__main__":
    sys.exit(main())
