"""Finding footage for a scene: its own, or the first that one of the flavor's libraries has."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers.footage.download import BusyError, Fetcher
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.query import query
from gpu_consumers.footage.stock import Found, library
from gpu_consumers.workshop import Workshop
from infra.errors import NotFoundError
from infra.flavors import Flavor, StockSpec
from infra.storage.artifacts import fingerprint
from schemas.footage import Footage, FootageKind, FootageOrigin
from schemas.scripts import Scene
from schemas.values import Artifact
from schemas.videos import Fallback


class Kept(BaseModel):
    """What the index keeps of a search: the same scene shows the same footage again, without asking anybody."""

    artifact: Artifact
    footage: Footage


@dataclass(frozen=True)
class Shown:
    """The footage of a scene, if there is any, and why what was tried before was given up."""

    footage: Footage | None
    fallbacks: tuple[Fallback, ...] = ()


def footage_for(shop: Workshop, flavor: Flavor, scene: Scene, title: str, seed: int) -> Shown:
    """Never fails: a scene without footage has its look. For one with a chart no library is asked."""
    if scene.footage is not None:
        return _own(shop, scene.footage)
    if scene.chart is not None:
        return Shown(None)
    failed: list[Fallback] = []
    for spec in flavor.stock:
        try:
            return Shown(_stock(shop, flavor, spec, query(scene, title), seed), tuple(failed))
        except FootageError as error:
            failed.append(Fallback(backend=spec.provider, reason=str(error)[:500]))
    return Shown(None, tuple(failed))


def files(shop: Workshop, footage: Footage | None) -> dict[str, Path]:
    """Where its file lies here."""
    return {footage.artifact.name: shop.blobs.path(footage.artifact.name)} if footage else {}


def _own(shop: Workshop, footage: Footage) -> Shown:
    try:
        shop.blobs.path(footage.artifact.name)
    except NotFoundError as error:
        return Shown(None, (Fallback(backend="footage", reason=str(error)[:500]),))
    return Shown(footage)


def _stock(shop: Workshop, flavor: Flavor, spec: StockSpec, words: str, seed: int) -> Footage:
    shape = flavor.format
    key = fingerprint(kind="stock", provider=spec.provider, media=spec.kind, query=words, shape=shape, seed=seed)
    kept = shop.remembered(key, Kept)
    if kept is not None:
        return kept.footage
    fetcher = Fetcher(timeout_s=spec.timeout_s, most_bytes=round(spec.max_mb * 1024 * 1024))
    stock = library(spec, fetcher, shop.settings)
    try:
        hits = stock.search(words, FootageKind(spec.kind), shape)
    except BusyError:
        hits = stock.search(words, FootageKind(spec.kind), shape)
    if not hits:
        raise FootageError(f"{spec.provider} has nothing for {words!r}")
    footage = _fetched(shop, fetcher, _turn(hits, seed))
    shop.remember(key, Kept(artifact=footage.artifact, footage=footage))
    return footage


def _turn(hits: Sequence[Found], seed: int) -> Sequence[Found]:
    """From one that the seed chooses among the best, so that scenes of one query differ; then the next ones."""
    start = seed % min(len(hits), 8)
    return [*hits[start:], *hits[:start]][:3]


def _fetched(shop: Workshop, fetcher: Fetcher, hits: Sequence[Found]) -> Footage:
    last: FootageError | None = None
    for hit in hits:
        try:
            with tempfile.TemporaryDirectory(prefix="footage-") as folder:
                part = Path(folder) / "file"
                known = fetcher.file(hit.address, part)
                artifact = shop.blobs.put_file(part, known.suffix)
        except FootageError as error:
            last = error
            continue
        return Footage(
            artifact=artifact,
            kind=known.kind,
            origin=FootageOrigin.STOCK,
            credit=hit.credit[:300],
            licence=hit.licence,
            source=hit.page[:1000],
        )
    raise last or FootageError("nothing was found")
