"""`python -m bench.events.writing projector|driver|batches COUNT`: COUNT events of the log into the settings' tables.

`projector` is the live projector as it is run: group, decoding, projecting, rows, positions, commits. The others have
its rows in memory and know nothing of events. `driver` writes them as cassandra-driver's documentation tells for many
rows: `execute_concurrent`, as many on their way as the projector has. `batches` is given even the projector's unlogged
batches, ready to be bound and sent. Prints one line of JSON: rows, seconds, CPU-seconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from cassandra.cluster import Session as DriverSession
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType, PreparedStatement

from infra import collecting
from infra.cassandra.cluster import cluster
from infra.cassandra.statements import load
from infra.kafka.records import Received
from infra.kafka.stretch import Stretch
from infra.settings import settings
from infra.telemetry import metrics
from query_api.projections.positions import NAME, TOPICS
from query_api.projections.projector import BATCH, ProjectorService
from query_api.projections.writing import writes
from query_api.readmodel.cassandra import IN_FLIGHT, chunked
from query_api.readmodel.tables import Write
from schemas.base import now_us

#: One mutation: (table, values) of each of its statements.
Batch = list[tuple[str, dict[str, Any]]]
#: Writes all of them and waits for it.
Send = Callable[[DriverSession, dict[str, PreparedStatement], list[Batch]], None]


def batches(count: int) -> Iterator[Batch]:
    """What the projector sends for the log, when it reads as many records at a time as it does."""
    now, left = now_us(), count
    with Stretch(settings().kafka_address) as log:
        for piece in log.read(log.ranges(TOPICS), BATCH):
            records = [Received(raw=record, envelope=record.decode()) for record in piece.records]
            for chunk in chunked([write for record in records for write in writes(record)]):
                yield [(one.table, _values(one, now)) for one in chunk]
            left -= len(records)
            if left <= 0:
                return


def _values(write: Write, now: int) -> dict[str, Any]:
    ttl_s = write.ttl_s(now)
    return {**write.cells, "stamp": write.stamp, **({"ttl_s": ttl_s} if ttl_s else {})}


def bare(send: Send, work: list[Batch]) -> None:
    """Bind and send, a bounded number under way."""
    link = cluster(settings(), request_s=30)
    session = link.connect()
    texts = load(files("query_api.readmodel") / "write.cql")
    prepared = {name: session.prepare(text.format(keyspace=settings().keyspace)) for name, text in texts.items()}
    began, spent = time.perf_counter(), time.process_time()
    send(session, prepared, work)
    _tell(sum(map(len, work)), time.perf_counter() - began, time.process_time() - spent)
    link.shutdown()


def _rows_each(session: DriverSession, prepared: dict[str, PreparedStatement], work: list[Batch]) -> None:
    rows = ((prepared[table], values) for batch in work for table, values in batch)
    for _ in execute_concurrent(session, rows, IN_FLIGHT, results_generator=True):
        pass


def _in_batches(session: DriverSession, prepared: dict[str, PreparedStatement], work: list[Batch]) -> None:
    slots, errors = threading.Semaphore(IN_FLIGHT), list[BaseException]()

    def landed(error: BaseException | None) -> None:
        if error is not None:
            errors.append(error)
        slots.release()

    for batch in work:
        statements = [prepared[table].bind(values) for table, values in batch]
        slots.acquire()
        future = session.execute_async(statements[0] if len(statements) == 1 else _unlogged(statements))
        future.add_callbacks(lambda _: landed(None), landed)
    for _ in range(IN_FLIGHT):
        slots.acquire()
    if errors:
        raise errors[0]


def _unlogged(statements: list[Any]) -> BatchStatement:
    batch = BatchStatement(BatchType.UNLOGGED)
    for statement in statements:
        batch.add(statement)
    return batch


def projector(count: int, rows: int) -> None:
    """Run it until every event is handled."""
    service = ProjectorService(settings())
    threading.Thread(target=_watch, args=(service, count, rows), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    service.run()


def _watch(service: ProjectorService, count: int, rows: int) -> None:
    while not (first := _handled()):
        time.sleep(0.002)
    began, spent = time.perf_counter(), time.process_time()
    while _handled() < count:
        time.sleep(0.01)
    # What came with the first batch was written before the clock was started.
    share = (count - first) / count
    _tell(int(rows * share), time.perf_counter() - began, time.process_time() - spent)
    service.stop()


def _handled() -> int:
    every = (sample for metric in metrics.HANDLED.collect() for sample in metric.samples)
    return int(sum(one.value for one in every if one.name.endswith("_total") and one.labels["consumer"] == NAME))


@cache
def _rows(count: int) -> list[Batch]:
    return list(batches(count))


def _tell(rows: int, seconds: float, cpu_seconds: float) -> None:
    print(json.dumps({"records": rows, "seconds": seconds, "cpu_seconds": cpu_seconds}), flush=True)


if __name__ == "__main__":
    work = _rows(int(sys.argv[2]))
    collecting.rarely()
    ways: dict[str, Send] = {"driver": _rows_each, "batches": _in_batches}
    if send := ways.get(sys.argv[1]):
        bare(send, work)
    else:
        total = sum(map(len, work))
        _rows.cache_clear()
        work.clear()
        projector(int(sys.argv[2]), total)
    os._exit(0)
