"""What tokens allow."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a token allows."""

    VIEWER = "viewer"  #: watch, swipe, like, report
    CREATOR = "creator"  #: ask for videos, projects, uploads
    OPERATOR = "operator"  #: everything, on behalf of everyone


#: Everything.
ALL = frozenset(Scope)
