"""The installation's key: given by a setting, else made on first use and kept where only its owner can read it.

Every use has a key of its own, derived from that one: what signs a cursor can sign no token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from infra.settings import Settings
from infra.telemetry import logs

log = logs.get("auth.keys")


def root_key(settings: Settings) -> bytes:
    """32 bytes. Processes that share the setting `auth_key`, or the data folder, share it."""
    if given := settings.auth_key.get_secret_value():
        return hashlib.sha256(given.encode()).digest()
    return load_key(key_file(settings))


def key_file(settings: Settings) -> Path:
    """Where the key is kept when no setting gives it."""
    return settings.data_dir / "run" / "api.key"


def derived(root: bytes, purpose: str) -> bytes:
    """The key of one purpose (one step of HKDF-Expand, RFC 5869 section 2.3)."""
    return hmac.digest(root, purpose.encode() + b"\x01", hashlib.sha256)


def load_key(path: Path) -> bytes:
    """The key in a file, made when there is none. A key that cannot be kept lasts as long as the process."""
    try:
        if not path.exists():
            _make_key(path)
        return path.read_bytes()
    except OSError as error:
        log.warning("what is signed will not outlive this process", why=str(error))
        return secrets.token_bytes(32)


def _make_key(path: Path) -> None:
    """Whole or not at all: another process may look for it right now, or be making one too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=path.name) as file:  # mode 0600
        file.write(secrets.token_bytes(32))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
