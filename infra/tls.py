"""TLS towards a store: whom to trust, and as whom to appear."""

from __future__ import annotations

import ssl
from pathlib import Path

from infra.errors import ConfigurationError


def context(
    authority: Path | None, certificate: Path | None, key: Path | None, *, check_host: bool = True
) -> ssl.SSLContext:
    """Trusts the certificates in `authority`, else those that this machine trusts. All files are PEM.

    Raises ConfigurationError where one of them cannot be used.
    """
    try:
        made = ssl.create_default_context(cafile=authority)
        made.check_hostname = check_host
        if certificate:
            made.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        named = ", ".join(str(path) for path in (authority, certificate, key) if path)
        raise ConfigurationError(f"{named}: no TLS with these files: {error}.", hint="All are PEM.") from error
    return made
