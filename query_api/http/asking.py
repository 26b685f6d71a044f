"""Who asks, for the routes: the token from the header, and the viewer that a request names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from infra.auth.scopes import Scope
from query_api.http.limiter import Limiter
from query_api.http.parts import Needs
from query_api.http.problems import ASK, ProblemError
from query_api.identity.identity import Identity
from query_api.identity.principal import ForbiddenError, Principal, UnauthenticatedError

#: Told in the OpenAPI document; the header is read below, so that its errors are ours.
_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="a token of `POST /v1/sessions`, or an issuer's")


@dataclass(frozen=True, slots=True)
class Asking:
    """Whoever sent a request."""

    identity: Identity
    token: str | None
    limiter: Limiter
    address: str
    answer_headers: dict[str, str]

    async def viewer(self, claimed: str | None = None) -> Principal:
        """Who asks, to watch. Raises UnauthenticatedError, ForbiddenError."""
        return await self._with(Scope.VIEWER, claimed)

    async def creator(self, claimed: str | None = None) -> Principal:
        """Who asks, to make something."""
        return await self._with(Scope.CREATOR, claimed)

    async def maker(self, claimed: str | None = None) -> Principal:
        """A creator who makes something: of that there may be less."""
        return await self._with(Scope.CREATOR, claimed, makes=True)

    async def operator(self) -> Principal:
        """Who asks, to look after the installation."""
        return await self._with(Scope.OPERATOR, None)

    def anonymous(self) -> None:
        """Count a request of somebody without a name. Raises ProblemError (429)."""
        self.answer_headers.update(self.limiter.count_address(self.address).headers())

    async def _with(self, scope: Scope, claimed: str | None, *, makes: bool = False) -> Principal:
        try:
            who = await self.identity.who(self.token, claimed)
        except (UnauthenticatedError, ForbiddenError):
            self.limiter.count_address(self.address)
            raise
        if quota := self.limiter.count(who, self.address, makes=makes):
            self.answer_headers.update(quota.headers())
        who.need(scope)
        return who


async def _asking(request: Request, parts: Needs, _told: Annotated[object, Depends(_BEARER)] = None) -> Asking:
    headers: dict[str, str] = {}
    request.state.answer_headers = headers
    address = request.client.host if request.client else ""
    return Asking(parts.identity, bearer(request.headers.get("authorization")), parts.limiter, address, headers)


Asks = Annotated[Asking, Depends(_asking)]


def bearer(header: str | None) -> str | None:
    """The token in an Authorization header (RFC 6750, section 2.1). Raises ProblemError for another scheme."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError(401, "unauthenticated", "The Authorization header must be `Bearer TOKEN`.", headers=ASK)
    return token.strip()


def named(who: Principal) -> str:
    """The viewer. Raises ProblemError where nobody says who they are."""
    if who.viewer_id is None:
        raise ProblemError(422, "viewer-missing", "Say who watches: with `viewer`, or with a token.")
    return who.viewer_id
