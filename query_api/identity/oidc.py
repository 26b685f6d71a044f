"""Tokens of an OpenID Connect issuer: its keys are fetched, kept, and fetched again when a new one signs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from infra.auth.tokens import Claims, TokenError, checked
from infra.errors import UnavailableError
from infra.telemetry import logs

log = logs.get("identity.oidc")

#: Asymmetric ones alone: an issuer's public key must never pass as a shared secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
#: Seconds that keys are used without asking again; that a new key is not looked for again; that an answer may take.
FRESH_S, PAUSE_S, WAIT_S = 3600.0, 10.0, 2.0
#: Bytes of a document of the issuer.
MOST = 1_000_000


class OidcIssuer:
    """Checks tokens of one issuer. While the issuer is away, the keys of before go on."""

    def __init__(self, issuer: str, audience: str, http: httpx.AsyncClient | None = None) -> None:
        self.issuer, self._audience = issuer, audience
        self._http = http or httpx.AsyncClient(timeout=WAIT_S, follow_redirects=False)
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = -FRESH_S * 2
        self._lock = asyncio.Lock()

    async def read(self, token: str) -> Claims:
        """What a token of this issuer says. Raises TokenError, UnavailableError."""
        key_id = _key_id(token)
        keys = await self._current(key_id)
        try:
            found = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            raise TokenError("The token was not signed by its issuer.") from error
        return checked(found, self.issuer, self._audience)

    async def _current(self, key_id: str | None) -> KeySet:
        """The keys, asked for again when they are old, or when a token names one that is not among them."""
        async with self._lock:
            age = time.monotonic() - self._fetched_at
            if age > FRESH_S or not self._knows(key_id):
                await self._refresh()
            if self._keys is None:
                raise UnavailableError("The issuer of the token does not answer.")
            return self._keys

    def _knows(self, key_id: str | None) -> bool:
        return self._keys is not None and (key_id is None or any(key.kid == key_id for key in self._keys.keys))

    async def _refresh(self) -> None:
        """Made-up key ids must not become requests to the issuer, so it is asked every `PAUSE_S` at most."""
        if time.monotonic() - self._tried_at < PAUSE_S:
            return
        self._tried_at = time.monotonic()
        try:
            async with asyncio.timeout(WAIT_S):
                found = await self._json(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if found.get("issuer") != self.issuer:
                    raise ValueError(f"it calls itself {found.get('issuer')!r}")
                self._keys = KeySet.import_key_set(await self._json(str(found["jwks_uri"])))  # type: ignore[arg-type]
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TimeoutError) as error:
            log.warning("the issuer's keys could not be fetched", issuer=self.issuer, why=str(error) or "no answer")

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._http.get(url)
        answer.raise_for_status()
        if len(answer.content) > MOST:
            raise ValueError("the answer is too long")
        found = answer.json()
        if not isinstance(found, dict):
            raise ValueError("the answer is no object")
        return found


def _key_id(token: str) -> str | None:
    try:
        found = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError) as error:
        raise TokenError("The token is no JWT.") from error
    return found if isinstance(found, str) else None
