"""Signing: credentials in front of the data of an MP4, the same bytes for the same file, words and key.

c2pa salts each assertion with random bytes. They are replaced here by bytes that follow from the assertion; the hashes
over them and the signature over those are then worked out anew, by the rules that every reader checks them with.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gpu_consumers.errors import BackendError
from gpu_consumers.provenance.certificates import Identity

_SALT = b"\x00\x00\x00\x18c2sh"
_SALT_BYTES = 16


def signed(video: Path, definition: dict[str, Any], who: Identity, out: Path) -> None:
    """Write `video` with credentials to `out`. Raises `BackendError`."""
    try:
        out.write_bytes(resealed(*_signed(video.read_bytes(), definition, who), who.sign))
    except (OSError, ValueError) as failure:
        raise BackendError(f"the video could not be signed: {failure}") from failure


def _signed(data: bytes, definition: dict[str, Any], who: Identity) -> tuple[bytes, bytes, bytes]:
    """(the signed file, what was signed, the signature)."""
    import c2pa

    asked: list[tuple[bytes, bytes]] = []

    def sign(words: bytes) -> bytes:
        asked.append((bytes(words), who.sign(bytes(words))))
        return asked[-1][1]

    made = io.BytesIO()
    try:
        signer = c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg[who.algorithm], who.chain)
        with signer, c2pa.Builder(json.dumps(definition)) as builder:
            builder.sign(signer, "video/mp4", io.BytesIO(data), made)
    except c2pa.C2paError as error:
        raise BackendError(f"the video could not be signed: {error}") from error
    return (made.getvalue(), *asked[-1])


def resealed(file: bytes, words: bytes, signature: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """The same with salts that follow from what they salt. Raises `ValueError` where the file is not as expected."""
    for start, end in _salted(file):
        before = _digest(file, start, end)
        at = file.index(_SALT, start, end) + len(_SALT)
        blank = file[start:at] + bytes(_SALT_BYTES) + file[at + _SALT_BYTES : end]
        file = file[:at] + hashlib.sha256(blank).digest()[:_SALT_BYTES] + file[at + _SALT_BYTES :]
        after = _digest(file, start, end)
        file, words = _once(file, before, after), _once(words, before, after)
    return _once(file, signature, sign(words))


def _salted(file: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each assertion's box with a salt in its description, in order (ISO 19566-5: `jumb`, `jumd`)."""
    at = file.find(_SALT)
    while at >= 0:
        start = file.rindex(b"jumb", 0, at) - 4
        yield start, start + int.from_bytes(file[start : start + 4], "big")
        at = file.find(_SALT, at + 1)


def _digest(file: bytes, start: int, end: int) -> bytes:
    """As a claim names an assertion: over its box without the header (C2PA 2.2, section 8.4.2.3)."""
    return hashlib.sha256(file[start + 8 : end]).digest()


def _once(data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1 or len(old) != len(new):
        raise ValueError("the credentials are not built as expected")
    return data.replace(old, new)
