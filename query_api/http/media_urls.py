"""Addresses of media: as they are where everyone may read, signed where tokens are required.

The expiry is rounded up to the end of a period, and one more is given: everyone gets the same address for as long, so
caches work, and none expires before a whole period is over.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import urlsafe_b64encode
from urllib.parse import quote

from infra.auth.keys import derived, root_key
from infra.settings import Settings
from query_api.caches import Lru
from schemas.cards import VideoCard

#: Seconds of a period.
PERIOD_S = 6 * 3600
_ADDRESS = re.compile(r'"/media/([0-9a-f]{64}\.[a-z0-9]{1,8})"')


class MediaUrls:
    """Signs addresses, and checks them. `key` None: they need no signature."""

    def __init__(self, key: bytes | None, period_s: int = PERIOD_S) -> None:
        self._key, self._period_s = key, period_s
        self._texts: Lru[tuple[str, int], str] = Lru(2_000)

    @classmethod
    def of(cls, settings: Settings) -> MediaUrls:
        """As an installation wants it."""
        return cls(derived(root_key(settings), "media") if settings.auth_required else None)

    def address(self, name: str, filename: str | None = None) -> str:
        """Where a blob is; with `filename`, to be saved under that name."""
        told = [f"filename={quote(filename, safe='')}"] if filename else []
        if self._key is not None:
            expires = self._expires()
            told += [f"exp={expires}", f"sig={self._signature(name, expires)}"]
        return f"/media/{name}" + (f"?{'&'.join(told)}" if told else "")

    def text(self, told: str) -> str:
        """JSON with every address of media in it as it is to be used. Kept for those who ask next."""
        if self._key is None:
            return told
        key = (told, self._expires())
        return self._texts.get(key) or self._texts.put(key, self._rewritten(told))

    def frame(self, told: bytes) -> bytes:
        """The same for bytes."""
        return told if self._key is None else self.text(told.decode()).encode()

    def card(self, card: VideoCard) -> VideoCard:
        """The same for a card."""
        return card if self._key is None else VideoCard.model_validate_json(self.text(card.model_dump_json()))

    def left_s(self, name: str, expires: str | None, signature: str | None) -> int | None:
        """For how many seconds an address is good, None for one that is not."""
        if self._key is None:
            return 31_536_000
        if not expires or not signature or not expires.isdecimal() or len(expires) > 11:
            return None
        left = int(expires) - int(time.time())
        good = hmac.compare_digest(signature.encode(), self._signature(name, int(expires)).encode())
        return left if good and left > 0 else None

    def _rewritten(self, told: str) -> str:
        return _ADDRESS.sub(lambda found: f'"{self.address(found[1])}"', told)

    def _expires(self) -> int:
        return (int(time.time()) // self._period_s + 2) * self._period_s

    def _signature(self, name: str, expires: int) -> str:
        mac = hmac.digest(self._key or b"", f"{name}:{expires}".encode(), hashlib.sha256)[:16]
        return urlsafe_b64encode(mac).decode().rstrip("=")
