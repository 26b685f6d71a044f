"""Kafka and Cassandra that run elsewhere: asked as every client asks them, with TLS and login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rich.text import Text

from infra.cli.console import err
from infra.errors import StoreRefusedError, UnavailableError
from infra.settings import Settings

#: Seconds that one has to answer.
ANSWER_S = 2.0


def questions(settings: Settings) -> Iterator[Callable[[], dict[str, Any]]]:
    """One for each of them that the settings name; its answer is a row of `swipestream status`."""
    if settings.kafka:
        yield partial(_row, "kafka", settings.kafka, partial(_kafka, settings))
    if settings.cassandra:
        yield partial(_row, "cassandra", settings.cassandra, partial(_cassandra, settings))


# Client libraries are loaded only where they are asked for: `status` is quick elsewhere.
def _kafka(settings: Settings) -> None:
    from infra.kafka.waiting import ask

    ask(settings.kafka, ANSWER_S)


def _cassandra(settings: Settings) -> None:
    from infra.cassandra.cluster import ask

    ask(settings, ANSWER_S)


def _row(name: str, address: str, ask: Callable[[], None]) -> dict[str, Any]:
    return {"name": name, "pid": None, "state": _state(ask), "address": address}


def _state(ask: Callable[[], None]) -> str:
    try:
        ask()
    except StoreRefusedError as error:
        err.print(Text.assemble(("error: ", "bold red"), f"{error} {error.hint}"), soft_wrap=True)
        return "refused"
    except UnavailableError:
        return "unresponsive"
    return "ready"
