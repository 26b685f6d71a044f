"""Who asks, as every route and the gateway know it."""

from __future__ import annotations

from dataclasses import dataclass

from infra.auth.scopes import ALL, Scope
from infra.errors import SwipestreamError


class UnauthenticatedError(SwipestreamError):
    """A valid token is needed."""


class ForbiddenError(SwipestreamError):
    """The token does not allow that."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `viewer_id` is as the events hold it; None: nobody in particular, as in `curl` on one's own machine.

    `expires`: seconds since the epoch, None for one who came without a token.
    """

    viewer_id: str | None
    scopes: frozenset[Scope] = ALL
    expires: float | None = None

    @property
    def is_operator(self) -> bool:
        """Whether they may see and change what is not theirs."""
        return Scope.OPERATOR in self.scopes

    def may_see(self, owner: str | None) -> bool:
        """Whether an object is theirs, everyone's (no owner), or they are an operator."""
        return owner is None or self.is_operator or owner == self.viewer_id

    def need(self, scope: Scope) -> None:
        """Raises ForbiddenError without the scope. Operators have all of them; creators watch, too."""
        if scope in self.scopes or self.is_operator or (scope is Scope.VIEWER and Scope.CREATOR in self.scopes):
            return
        raise ForbiddenError(f"This needs the scope {scope.value!r}.")
