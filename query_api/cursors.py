"""Where a client is in its walk through the feed. Signed, and opaque to clients; any process can read it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
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

    def packed(self) -> bytes:
        """As bytes."""
        ids = (_ID.pack(int(short.replace("-", ""), 16)) for short in self.last)
        return _HEAD.pack(_VERSION, self.since_us) + b"".join(ids)


class Cursors:
    """Signs the cursors of an installation; each is good for its own viewer alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, cursor: Cursor, viewer_id: str) -> str:
        """As clients get it."""
        body = cursor.packed()
        return base64.urlsafe_b64encode(body + self._mac(body, viewer_id)).decode().rstrip("=")

    def read(self, text: str, viewer_id: str) -> Cursor:
        """The cursor that a client sends back. Raises BadInputError."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise BadInputError(_STRANGE) from error
        body, mac = data[:-_MAC], data[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(body, viewer_id)):
            raise BadInputError(_STRANGE)
        return _unpacked(body)

    def _mac(self, body: bytes, viewer_id: str) -> bytes:
        return hmac.digest(self._key, body + viewer_id.encode(), hashlib.sha256)[:_MAC]


_STRANGE = "The cursor is not one that this API gave to this viewer."
_MAC = 16


def _unpacked(body: bytes) -> Cursor:
    """What was signed here; another version of the software may have done so."""
    try:
        version, since_us = _HEAD.unpack_from(body)
        ids = [_short(number) for (number,) in _ID.iter_unpack(body[_HEAD.size :])]
    except struct.error as error:
        raise BadInputError(_STRANGE) from error
    if version != _VERSION:
        raise BadInputError(_STRANGE)
    return Cursor(since_us, tuple(ids))


def _short(number: int) -> str:
    digits = f"{number:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}"
