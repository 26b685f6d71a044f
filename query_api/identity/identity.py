"""The one door through which every viewer id enters, over HTTP and over the gateway."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from base64 import b32encode, urlsafe_b64decode
from collections.abc import Awaitable, Callable

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import ISSUER, LEEWAY_S, Claims, TokenError, TokenIssuer, parsed
from infra.settings import Settings
from query_api.caches import Lru
from query_api.identity.oidc import OidcIssuer
from query_api.identity.principal import ForbiddenError, Principal, UnauthenticatedError

DAY_S = 86_400
#: How the names of viewers begin whose tokens another issuer made.
FOREIGN = "oidc-"


class Identity:
    """Says who asks. `known_as` maps the name of a viewer to the id that events hold: `Pseudonyms.of`."""

    def __init__(self, settings: Settings, known_as: Callable[[str], Awaitable[str]] | None = None) -> None:
        self._settings, self._known_as = settings, known_as or _itself
        self._own = TokenIssuer(root_key(settings))
        self._oidc = OidcIssuer(settings.oidc_issuer, settings.oidc_audience) if settings.oidc_issuer else None
        self._read: Lru[str, Claims] = Lru(5_000)

    @property
    def required(self) -> bool:
        """Whether who comes without a token is refused."""
        return self._settings.auth_required

    async def who(self, token: str | None, claimed: str | None = None) -> Principal:
        """Who asks, by their token and the viewer that the request names.

        A token speaks for its own name alone, an operator's for every viewer. Without a token, where that is allowed,
        the request is believed. Raises UnauthenticatedError, ForbiddenError, and UnavailableError for an issuer of
        tokens, or a store of viewers' keys, that does not answer.
        """
        if token is None:
            if self.required:
                raise UnauthenticatedError("This needs a token: `POST /v1/sessions` gives one to a viewer.")
            return Principal(await self._known_as(claimed) if claimed else None)
        claims = await self._claims(token)
        if claimed is not None and claimed != claims.name and Scope.OPERATOR not in claims.scopes:
            raise ForbiddenError("The token is that of another viewer.")
        return Principal(await self._known_as(claimed or claims.name), claims.scopes, claims.expires)

    async def session(self, token: str | None, wanted: str | None = None) -> tuple[str, Claims]:
        """A token for a viewer: the one of `token` goes on; without one, `wanted` where that is believed, or a new one.

        Raises ForbiddenError where there are no anonymous sessions, or somebody else's is asked for.
        """
        claims = await self._claims(token) if token else None
        name = self._session_name(claims, wanted)
        scopes = parsed(self._settings.session_scopes.split())
        if claims and Scope.OPERATOR not in claims.scopes:
            scopes &= claims.scopes
        if not scopes:
            raise ForbiddenError("There are no anonymous sessions here.")
        lifetime_s = self._settings.session_days * DAY_S
        return self._own.issue(name, scopes, lifetime_s), Claims(name, scopes, time.time() + lifetime_s)

    def _session_name(self, claims: Claims | None, wanted: str | None) -> str:
        if claims is None:
            if self.required and wanted is not None:
                raise ForbiddenError("A viewer's name cannot be chosen here: leave it out, and one is made.")
            return wanted or f"anon-{secrets.token_urlsafe(12)}"
        if wanted in (None, claims.name) and claims.name.startswith(FOREIGN):
            raise ForbiddenError("The issuer of this token makes the next one.")
        if wanted not in (None, claims.name) and Scope.OPERATOR not in claims.scopes:
            raise ForbiddenError("The token is that of another viewer.")
        return wanted or claims.name

    async def _claims(self, token: str) -> Claims:
        if (known := self._read.get(token)) and known.expires + LEEWAY_S > time.time():
            return known
        try:
            found = await self._checked(token)
        except TokenError as error:
            raise UnauthenticatedError(str(error)) from error
        except RecursionError as error:  # its JSON is nested a thousand deep
            raise UnauthenticatedError("The token is no JWT.") from error
        return self._read.put(token, found)

    async def _checked(self, token: str) -> Claims:
        issuer = _issuer(token)
        if self._oidc is not None and issuer == self._oidc.issuer:
            found = await self._oidc.read(token)
            return Claims(_named(issuer, found.name), found.scopes or frozenset({Scope.VIEWER}), found.expires)
        if issuer == ISSUER:
            return self._own.read(token)
        raise TokenError("The token comes from an issuer that is not known here.")


async def _itself(name: str) -> str:
    return name


def _issuer(token: str) -> str | None:
    """Whom a token says that it comes from: it decides who is asked whether that is true, and nothing else."""
    try:
        payload = token.split(".")[1]
        found = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    issuer = found.get("iss") if isinstance(found, dict) else None
    return issuer if isinstance(issuer, str) else None


def _named(issuer: str, subject: str) -> str:
    """Subjects of an issuer may be mail addresses: what becomes of them here identifies nobody."""
    return FOREIGN + b32encode(hashlib.sha256(f"{issuer}|{subject}".encode()).digest()).decode().lower()[:32]
