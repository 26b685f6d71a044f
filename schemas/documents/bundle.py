"""Everything that is made from the contracts, as files."""

from __future__ import annotations

from schemas.documents import asyncapi, json_schema, python, reference, typescript
from schemas.documents.catalogue import Registry

#: Folders in which nothing else may lie: a file that is no longer made is removed.
OWNED = (json_schema.FOLDER,)


def bundle(registry: Registry) -> dict[str, str]:
    """Path below the repository's root → text."""
    makers = (json_schema, asyncapi, typescript, python, reference)
    return {path: text for maker in makers for path, text in maker.documents(registry).items()}
