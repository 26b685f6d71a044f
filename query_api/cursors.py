"""Where a client is in its walk through the feed. Opaque to clients; any process can read it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from infra.errors import BadInputError
from schemas.base import Micros, Uuid


class Cursor(BaseModel, frozen=True):
    """When the walk began, and what the last answer held (it may not be in the tables yet)."""

    since_us: Micros
    last: Annotated[tuple[Uuid, ...], Field(max_length=50)] = ()

    def encoded(self) -> str:
        """As clients get it."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")


def begin(since_us: int, last: Sequence[str] = ()) -> Cursor:
    """The cursor of a walk."""
    return Cursor(since_us=since_us, last=tuple(last))


def parse(text: str) -> Cursor:
    """The cursor that a client sends back. Raises BadInputError."""
    try:
        return Cursor.model_validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValidationError, ValueError, binascii.Error) as error:
        raise BadInputError("The cursor is not one that this API gave out.") from error
