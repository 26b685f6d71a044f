"""What the CLI of this machine presents to the API: the token that it was given, else one that it makes itself."""

from __future__ import annotations

from infra.auth.keys import key_file, root_key
from infra.auth.scopes import ALL
from infra.settings import Settings

NAME = "cli"
LIFETIME_S = 3600


def token(settings: Settings) -> str | None:
    """A token, or None where none is needed, or none can be made: the API says so then.

    Whoever can read the installation's key may do everything, so that the CLI of its own machine needs no ceremony.
    """
    if given := settings.token.get_secret_value():
        return given
    if not settings.auth_required:
        return None
    from infra.auth.tokens import TokenIssuer

    try:
        known = settings.auth_key.get_secret_value() or key_file(settings).read_bytes()
    except OSError:
        return None
    return TokenIssuer(root_key(settings)).issue(NAME, ALL, LIFETIME_S) if known else None


def headers(settings: Settings) -> dict[str, str]:
    """The token as a header."""
    found = token(settings)
    return {"Authorization": f"Bearer {found}"} if found else {}
