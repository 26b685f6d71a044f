"""The stores that the settings name: of media, and of what was made from what."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from infra.settings import Settings
from infra.storage.artifacts import ArtifactIndex, LocalArtifactIndex
from infra.storage.blobs import BlobStore
from infra.storage.damage import VerifiedBlobStore
from infra.storage.leases import Leases

if TYPE_CHECKING:
    from infra.storage.buckets import Bucket

GIB = 1 << 30


def media_store(settings: Settings) -> BlobStore:
    """Where media lie. Raises UnavailableError where that is a bucket that does not answer or is not ours."""
    if not settings.media:
        return VerifiedBlobStore(settings.media_dir)
    from infra.storage.cache import BlobCache
    from infra.storage.s3_blobs import S3BlobStore

    cache = BlobCache(settings.media_cache_dir, int(settings.media_cache_gib * GIB))
    return S3BlobStore(_bucket(settings), cache)


def artifact_index(settings: Settings) -> ArtifactIndex:
    """What was made from what, beside the media. Raises UnavailableError."""
    folder = settings.data_dir / "artifacts"
    if not settings.media:
        return LocalArtifactIndex(folder, settings.lease_s)
    from infra.storage.s3_index import S3ArtifactIndex

    return S3ArtifactIndex(_bucket(settings), Leases(folder / "leases", settings.lease_s))


@lru_cache(maxsize=1)
def _bucket(settings: Settings) -> Bucket:
    """A bucket that has answered; asked once for both stores of a process."""
    from infra.storage.buckets import Bucket  # loads a client that an installation without one need not wait for

    bucket = Bucket.of(settings)
    bucket.check()
    return bucket
