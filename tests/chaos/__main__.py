"""`python -m tests.chaos [--seed N] [--size short|medium|long] [--plan] [--json]`: kill everything, lose nothing."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from pathlib import Path

from tests.chaos.plan import SIZES, make_plan
from tests.chaos.report import show, show_plan
from tests.chaos.run import run

_EPILOG = """\
examples:
  python -m tests.chaos --seed 7                 the long one: 200 prompts, 20,000 swipes, some five minutes
  python -m tests.chaos --seed 7 --size medium   40 prompts, 4,000 swipes, each kind of fault once
  python -m tests.chaos --seed 7 --size short    8 prompts, 1,000 swipes, each kind of fault once
  python -m tests.chaos --seed 7 --plan          what would be done, and when

exit code: 0 when every check holds, 1 when not
"""


def main() -> int:
    """Run one seed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, help="decides what is done and when (default: a new one, which is told)")
    parser.add_argument("--size", choices=SIZES, default="long", help="how much is done (default: %(default)s)")
    parser.add_argument("--plan", action="store_true", help="print the plan and do nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the system's data and logs there")
    chosen = parser.parse_args()
    plan = make_plan(random.randrange(10_000) if chosen.seed is None else chosen.seed, SIZES[chosen.size])
    if chosen.plan:
        show_plan(plan, as_json=chosen.json)
        return 0
    # However it is told to end, also in the background: the system that it started must not go on without it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    result = run(plan, lambda text: print(text, file=sys.stderr, flush=True), chosen.keep)
    if chosen.json:
        print(json.dumps(result.as_json(), indent=2))
    else:
        show(result)
    return 0 if result.holds else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
