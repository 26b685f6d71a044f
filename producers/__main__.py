"""`python -m producers starter`: a few prompts for an empty system."""

from __future__ import annotations

import argparse

from infra.starting import started
from infra.telemetry import logs
from producers import starter


def main() -> None:
    """Submit the starter prompts where nothing was ever asked for."""
    parser = argparse.ArgumentParser(prog="python -m producers", description=__doc__)
    parser.add_argument("what", choices=["starter"])
    parser.parse_args()
    config = started()
    logs.get("starter").info("submitted", prompts=starter.submit(config))


if __name__ == "__main__":
    main()
