"""What every contract is: an immutable pydantic model that ignores fields it does not know yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: How many slots a topic has, however many partitions they lie in.
SLOTS = 2**32


class Contract(BaseModel):
    """A value that crosses a topic. Unknown fields are ignored, so that a reader survives a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Message(Contract):
    """A contract that travels as a record of its own. Subclasses are registered by `@message`."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]
    FAMILY: ClassVar[str]
    #: Tasks are not part of the history: what they lead to was caused by what they were caused by.
    TASK: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """The record key: it decides the partition, and so the order."""
        raise NotImplementedError(type(self).__name__)

    @property
    def slot(self) -> int | None:
        """Where in the topic it lies, of `SLOTS`, whatever the number of partitions; None: where the key's hash says.

        Slots 0, `SLOTS` / n, 2 `SLOTS` / n … begin the n partitions.
        """
        return None


#: Every registered contract by (type, version).
REGISTRY: dict[tuple[str, int], type[Message]] = {}


M = TypeVar("M", bound=type[Message])


def message(family: str, version: int = 1) -> Callable[[M], M]:
    """Register a contract under its class name for one topic family (see `schemas.topics`)."""

    def register(cls: M) -> M:
        cls.TYPE, cls.VERSION, cls.FAMILY = cls.__name__, version, family
        REGISTRY[(cls.TYPE, version)] = cls
        return cls

    return register


def utcnow() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def now_us() -> int:
    """Now, in microseconds since the epoch: the unit of Cassandra's write timestamps."""
    return int(utcnow().timestamp() * 1_000_000)


def rising(after_us: int, now: int | None = None) -> int:
    """`max(now_us, last + 1)`: the rule that keeps the timestamps of one aggregate unique and rising."""
    return max(now_us() if now is None else now, after_us + 1)


#: The keyword that marks a field which tells of one person, in every document made from a contract.
PERSONAL_DATA = "x-personal-data"

#: A viewer, as a client names it: anonymous ids are random; nothing in it may identify a person.
ViewerId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"),
    Field(json_schema_extra={PERSONAL_DATA: True}),
]
#: A UUID in its canonical lower-case text form.
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
#: Microseconds since the epoch.
Micros = Annotated[int, Field(ge=0)]
#: The name of a flavor or an archetype.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
