"""The pseudonym of a viewer, for commands: by the name that a client uses, or as it stands in the log."""

from __future__ import annotations

import re

from infra.errors import NotFoundError
from infra.people import mentions
from infra.people.keys import address, loaded
from schemas.topics import VIEWER_KEYS

_PSEUDONYM = re.compile(r"v-[a-z2-7]{26}")


def pseudonym(bootstrap: str, viewer: str) -> str:
    """As events name the viewer; what is a pseudonym already stays one. Raises NotFoundError, UnavailableError.

    Asks the log, so that it needs no Cassandra: it reads the topic of keys from beginning to end.
    """
    if _PSEUDONYM.fullmatch(viewer):
        return viewer
    _, value = mentions.last(bootstrap, VIEWER_KEYS.name, address(viewer).encode())
    if value is None:
        raise NotFoundError(
            f"Nobody is known as {viewer}.", hint="Give the name that their client uses, or the id in the log."
        )
    return loaded(value).pseudonym
