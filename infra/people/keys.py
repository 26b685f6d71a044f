"""From a viewer's name to their pseudonym: a random key for each, kept under a hash of the name. Pure.

Without the key, nothing leads from the name to the pseudonym or back; that is what erasing a viewer means.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from schemas.base import now_us

_SECRET_BYTES = 32
#: Bytes of a pseudonym: enough that no two viewers ever share one.
_BYTES = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A viewer's key, and when it was made (microseconds): nothing tells of its pseudonym before that."""

    secret: bytes
    since_us: int

    @property
    def pseudonym(self) -> str:
        """The viewer's id in every event and row."""
        digest = hmac.digest(self.secret, b"swipestream/pseudonym", hashlib.sha256)[:_BYTES]
        return "v-" + base64.b32encode(digest).decode().lower().rstrip("=")

    def dumped(self) -> bytes:
        """The value of its record in the topic viewer-keys."""
        return json.dumps({"secret": self.secret.hex(), "since_us": self.since_us}).encode()


def fresh() -> Key:
    """A key for a viewer who was never here."""
    return Key(secrets.token_bytes(_SECRET_BYTES), now_us())


def loaded(value: bytes) -> Key:
    """The key in a record. Raises ValueError."""
    try:
        fields = json.loads(value)
        return Key(bytes.fromhex(fields["secret"]), int(fields["since_us"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no key: {error!r}") from error


def address(viewer_id: str) -> str:
    """Where the key of a viewer is kept.

    Not keyed by a secret of the installation: should that get lost, nobody would be known any more. Whoever knows a
    name can so find the key, as long as there is one.
    """
    return hashlib.sha256(b"swipestream/viewer\x00" + viewer_id.encode()).hexdigest()
