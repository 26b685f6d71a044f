"""Where a client is in its walk through the feed. Opaque to clients; any process can read it."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from infra.errors import BadInputError
from query_api.feed import SHORT

#: Videos that a cursor remembers: what was served lately may not be in the tables yet.
REMEMBERED = 50
_VERSION = 1
_HEAD = struct.Struct(">BQ")
_ID = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Cursor:
    """When the walk began, and the shortened ids of what it served lately, the newest first."""

    since_us: int
    last: tuple[str, ...] = ()

    def after(self, videos: Iterable[str]) -> Cursor:
        """The cursor once these have been served too."""
        return Cursor(self.since_us, (*(video[:SHORT] for video in videos), *self.last)[:REMEMBERED])

    def encoded(self) -> str:
        """As clients get it."""
        ids = (_ID.pack(int(short.replace("-", ""), 16)) for short in self.last)
        return base64.urlsafe_b64encode(_HEAD.pack(_VERSION, self.since_us) + b"".join(ids)).decode().rstrip("=")


def parse(text: str) -> Cursor:
    """The cursor that a client sends back. Raises BadInputError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, since_us = _HEAD.unpack_from(data)
        ids = [_short(number) for (number,) in _ID.iter_unpack(data[_HEAD.size :])]
    except (ValueError, binascii.Error, struct.error) as error:
        raise BadInputError("The cursor is not one that this API gave out.") from error
    if version != _VERSION or len(ids) > REMEMBERED or since_us >= 2**63:
        raise BadInputError("The cursor is not one that this API gave out.")
    return Cursor(since_us, tuple(ids))


def _short(number: int) -> str:
    digits = f"{number:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}"
