"""The shell of processors: what one event leads to never holds up the others of its fetch."""

from __future__ import annotations

from infra.kafka.producer import LARGEST, EventProducer
from infra.kafka.records import Raw, raw
from infra.kafka.trials import fields
from processors.agent import Shell
from processors.changelog import Changelog
from processors.decision import Decision, Processor, State
from processors.lease import Lease
from processors.readings import Bundle
from processors.states import States
from schemas import base, ids
from schemas.codec import encode
from schemas.envelope import Envelope, caused_by, root
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin
from tests.unit.kafka_kit import first, mock_broker


def prompt(text: str, offset: int) -> Raw:
    data = PromptSubmitted(video_id=ids.video_id(text), text=text, origin=Origin.API, lane=Lane.BULK, ts_us=1)
    record = encode(root(data, source="/test"))
    return Raw(
        topic="prompts", partition=0, offset=offset, timestamp_ms=1, key=record.key, value=record.value,
        headers=tuple(record.headers),
    )  # fmt: skip


def echo(event: Envelope[base.Message], _state: State, _now_us: int) -> Decision:
    """Says the same once more; of `large` so much that Kafka does not take it."""
    assert isinstance(event.data, PromptSubmitted)
    text = "x" * LARGEST if event.data.text == "large" else "echo"
    told = event.data.model_copy(update={"text": text})
    return Decision(effects=((caused_by(event, told, source="/test", step="echo"), None),))


async def test_an_event_whose_effect_is_too_large_is_put_aside_alone() -> None:
    processor = Processor(name="echo", topics=("prompts",), decide=echo)
    with mock_broker() as bootstrap:
        producer = EventProducer(bootstrap, "test")
        shell = Shell(processor, States(None), States(None), producer, Changelog(producer, Lease(60)))
        # When both come in one fetch
        records = [prompt("large", 7), prompt("small", 8)]
        await shell._fetched(records, Bundle(records))
        producer.close()
        # Then one is on record, for the processor that could not, and the other is told
        letter = fields(raw(first(bootstrap, "processors.dead")))
        assert (letter["reason"], letter["offset"], letter["part"]) == ("TooLargeError", "7", "echo")
        assert b"echo" in (raw(first(bootstrap, "prompts")).value or b"")
