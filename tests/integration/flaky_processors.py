"""`python -m tests.integration.flaky_processors FILE`: the Faust worker, with one processor that fails as it is told.

Events whose text begins with `flaky-N` fail N times, `broken` always, `bad` for good; `hold` takes until `FILE.go` is
there. What works is added to FILE, as it begins to be.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import processors.__main__
import processors.app
from infra.errors import TransientError
from infra.kafka import deadletters
from processors.decision import Decision, Processor, State
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.prompts import PromptSubmitted

_TRIES: Counter[str] = Counter()


def decide(event: Envelope[Message], state: State, _now_us: int) -> Decision:
    """Fails, or keeps how many events of the key there were."""
    assert isinstance(event.data, PromptSubmitted)
    text = event.data.text
    _TRIES[text] += 1
    if text.startswith("bad"):
        raise ValueError(text)
    if text.startswith("broken") or (text.startswith("flaky") and _TRIES[text] <= int(text.split("-")[1])):
        raise TransientError(text)
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{text}\n")
    while text.startswith("hold") and not Path(f"{sys.argv[1]}.go").exists():
        time.sleep(0.05)
    return Decision(state=b"%d" % (int(state or b"0") + 1))


if __name__ == "__main__":
    processor = Processor(name="videos", topics=("prompts",), decide=decide, table="video-state", ordered=True)
    processors.app.processors = lambda _settings: (processor,)
    deadletters.TIERS = {"10s": 0.5, "1m": 0.7, "10m": 0.9}
    del sys.argv[2:]
    processors.__main__.main()
