"""Tokens of this installation: JWTs (RFC 7519) signed with its own key (HS256), for anonymous viewers and the CLI."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from infra.auth.keys import derived
from infra.auth.scopes import Scope
from infra.errors import SwipestreamError

ISSUER = "urn:swipestream"
#: Seconds by which two clocks may differ.
LEEWAY_S = 30


class TokenError(SwipestreamError):
    """The token is not valid."""

    exit_code = 77


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: who, what they may do, and until when (seconds since the epoch)."""

    name: str
    scopes: frozenset[Scope]
    expires: float


class TokenIssuer:
    """Makes and reads the tokens of this installation."""

    def __init__(self, root: bytes) -> None:
        self._key = OctKey.import_key(derived(root, "token"))

    def issue(self, name: str, scopes: Iterable[Scope], lifetime_s: float) -> str:
        """A token for somebody, valid from now on and for `lifetime_s` at least: claims are in whole seconds."""
        now = time.time()
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": name,
            "scope": " ".join(sorted(scopes)),
            "iat": int(now),
            "exp": math.ceil(now + lifetime_s),
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])

    def read(self, token: str) -> Claims:
        """What a token of ours says. Raises TokenError."""
        try:
            found = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise TokenError("The token was not signed by this installation.") from error
        return checked(found, ISSUER, ISSUER)


def checked(found: dict[str, object], issuer: str, audience: str) -> Claims:
    """The claims of a token whose signature holds (RFC 7519, section 4.1). Raises TokenError."""
    name, expires, before = found.get("sub"), found.get("exp"), found.get("nbf", 0)
    if found.get("iss") != issuer or audience not in _listed(found.get("aud")):
        raise TokenError("The token is meant for somebody else.")
    if not isinstance(name, str) or not name or not _is_time(expires) or not _is_time(before):
        raise TokenError("The token lacks its subject or its expiry.")
    now = time.time()
    if now > float(expires) + LEEWAY_S:  # type: ignore[arg-type]
        raise TokenError("The token has expired.")
    if now < float(before) - LEEWAY_S:  # type: ignore[arg-type]
        raise TokenError("The token is not valid yet.")
    return Claims(name, scopes_in(found), float(expires))  # type: ignore[arg-type]


def scopes_in(found: dict[str, object]) -> frozenset[Scope]:
    """Ours among the scopes (RFC 9068: `scope`; else `scp`, `roles`, `groups`), with or without `swipestream:`."""
    named = [word for claim in ("scope", "scp", "roles", "groups") for word in _listed(found.get(claim))]
    return parsed(word.removeprefix("swipestream:") for word in named)


def parsed(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes among some words."""
    known: Collection[str] = {scope.value for scope in Scope}
    return frozenset(Scope(word) for word in words if word in known)


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
