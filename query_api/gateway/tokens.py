"""Resume tokens: how far a client has read, as a signed and opaque vector of offsets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass

_VERSION = 1
_HEAD = struct.Struct("!B6s")
_MAC = 16  # bytes of HMAC-SHA-256 that are kept, the least RFC 2104 section 5 allows


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in the log: its incarnation (12 hex digits), and the next offset of each partition, from 0 on."""

    incarnation: str
    offsets: tuple[int, ...]

    def at(self, partition: int) -> int:
        """The next offset of a partition; 0 for one that did not exist yet."""
        return self.offsets[partition] if partition < len(self.offsets) else 0

    def beyond(self, reached: Cut) -> bool:
        """Whether any partition of this cut is further on than in `reached`."""
        return any(at > reached.at(partition) for partition, at in enumerate(self.offsets))

    def joined(self, other: Cut) -> Cut:
        """What one has read who has read both. They must be of one incarnation."""
        partitions = range(max(len(self.offsets), len(other.offsets)))
        return Cut(self.incarnation, tuple(max(self.at(number), other.at(number)) for number in partitions))


class Signer:
    """Makes and reads tokens. Nodes that share a key honour each other's."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def sign(self, cut: Cut) -> str:
        """The token of a cut, in base64url."""
        body = _HEAD.pack(_VERSION, bytes.fromhex(cut.incarnation)) + struct.pack(f"!{len(cut.offsets)}Q", *cut.offsets)
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, token: str) -> Cut | None:
        """The cut of a token; None when it is not one of ours."""
        try:
            blob = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (binascii.Error, UnicodeEncodeError, ValueError):
            return None
        body, mac = blob[:-_MAC], blob[-_MAC:]
        if len(body) < _HEAD.size or (len(body) - _HEAD.size) % 8 or not hmac.compare_digest(mac, self._mac(body)):
            return None
        version, incarnation = _HEAD.unpack_from(body)
        offsets = struct.unpack_from(f"!{(len(body) - _HEAD.size) // 8}Q", body, _HEAD.size)
        return Cut(incarnation.hex(), offsets) if version == _VERSION else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:_MAC]
