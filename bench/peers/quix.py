"""The swipes job in Quix Streams 3, run by an interpreter that has it: `quix.py BOOTSTRAP GROUP COUNT same|plain`.

`same`: our contracts and our decision, its state in Quix Streams' store (RocksDB and a changelog), its effects
produced to our topics. `plain`: what one would write there without us: dictionaries, the same arithmetic of interests,
one record for each swipe that changes them; no contracts, nothing made ahead, no memory of what was seen or counted.
Prints what `bench.events.timing` prints.
"""

from __future__ import annotations

import sys
import tempfile
from types import SimpleNamespace
from typing import Any

from quixstreams import Application  # type: ignore[import-not-found]
from quixstreams.models import SerializationContext, Serializer  # type: ignore[import-not-found]

from bench.events.timing import Stopwatch
from processors.interests import learn
from processors.viewers import decide_for
from schemas import base, codec

_decide = decide_for(5, 600)


class AsItIs(Serializer):  # type: ignore[misc]
    """The bytes of a record that our codec made."""

    def __call__(self, value: codec.Record, ctx: SerializationContext) -> bytes:
        return value.value


def same(value: bytes, key: bytes, _timestamp: int, headers: Any, state: Any) -> list[codec.Record]:
    """Our processor's decision."""
    envelope = codec.decode("swipes", key, value, headers)
    decision = _decide(envelope, state.get_bytes("viewer"), base.now_us())
    if decision.state is not None:
        state.set_bytes("viewer", decision.state)
    return [codec.encode(effect, topic) for effect, topic in decision.effects]


def plain(swipe: dict[str, Any], _key: Any, _timestamp: int, _headers: Any, state: Any) -> dict[str, Any]:
    """The same arithmetic on dictionaries."""
    interests = learn(state.get("interests", {}), SimpleNamespace(**swipe))  # type: ignore[arg-type]
    state.set("interests", interests)
    return {"viewer_id": swipe["viewer_id"], "ts_us": swipe["ts_us"], "interests": interests}


def main() -> None:
    """Process COUNT records, then tell."""
    bootstrap, group, count, mode = sys.argv[1:]
    watch, done = Stopwatch(int(count)), 0
    app = Application(
        broker_address=bootstrap, consumer_group=group, auto_offset_reset="earliest", loglevel="ERROR",
        state_dir=tempfile.mkdtemp(prefix="quix-"),
    )  # fmt: skip

    def counted(result: Any) -> Any:
        nonlocal done
        done += 1
        if watch.saw(done):
            watch.tell()
            app.stop()
        return result

    if mode == "same":
        stream = app.dataframe(app.topic("swipes", key_deserializer="bytes", value_deserializer="bytes"))
        outs = {
            name: app.topic(name, key_serializer="bytes", value_serializer=AsItIs())
            for name in ("feed-events", "prompts")
        }
        stream = stream.apply(same, stateful=True, metadata=True).apply(counted).apply(list, expand=True)
        stream = stream.set_headers(lambda record, *_: record.headers)
        stream.to_topic(lambda record, *_: outs[record.topic], key=lambda record: record.key)
    else:
        stream = app.dataframe(app.topic("swipes", value_deserializer="json"))
        stream = stream.apply(plain, stateful=True, metadata=True).apply(counted)
        stream.to_topic(app.topic("feed-events", value_serializer="json"))
    app.run()


if __name__ == "__main__":
    main()
