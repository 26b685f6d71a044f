"""A bucket that speaks S3: whole objects, bounded waits, and its errors as ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from infra.settings import Settings
from infra.storage.bucket_errors import no_bucket, translated, unusable
from infra.storage.objects import StoredObject

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Config

#: Waiting, in seconds: for a connection, for the next bytes of an answer, for a whole answer, for all trials together.
CONNECT_S, SILENT_S, ANSWER_S, TRIALS_S = 5, 30, 600, 60
RETRIES = 4
#: What is larger is uploaded in parts of so many bytes, a few at once.
PART, PARTS_AT_ONCE = 8 << 20, 4
_PIECE = 1 << 20


class Bucket:
    """What lies below one prefix of one bucket. Every method raises UnavailableError."""

    def __init__(self, url: str, store: S3Store) -> None:
        self.url, self._store = url, store

    @classmethod
    def of(cls, settings: Settings) -> Bucket:
        """The one that the settings name; nothing is asked of it yet. Raises BucketRefusesError."""
        name, _, prefix = settings.media.removeprefix("s3://").partition("/")
        endpoint = settings.media_endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        waits: ClientConfig = {
            "allow_http": endpoint.startswith("http://"),  # whoever writes that means it
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "read_timeout": timedelta(seconds=SILENT_S),
            "timeout": timedelta(seconds=ANSWER_S),
        }
        trials: RetryConfig = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=TRIALS_S)}
        below, access = prefix.strip("/") or None, _access(settings)
        try:
            store = S3Store(name, prefix=below, config=access, client_options=waits, retry_config=trials)
        except BaseError as error:
            raise unusable(settings.media, error) from error
        return cls(settings.media, store)

    def check(self) -> None:
        """Whether it answers and is ours to read. Writing is found out by writing."""
        with self._asked(), _missing_bucket(self.url):
            next(iter(obstore.list(self._store, chunk_size=1)), None)  # one page, however much there is

    def head(self, place: str) -> StoredObject | None:
        """What an object is, or None."""
        try:
            with self._asked():
                return _stored(obstore.head(self._store, place))
        except FileNotFoundError:
            return None

    def get(self, place: str) -> bytes | None:
        """What is in a small object, or None."""
        try:
            with self._asked():
                return bytes(obstore.get(self._store, place).bytes())
        except FileNotFoundError:
            return None

    def fetch(self, place: str, to: Path) -> bool:
        """Write an object into a file, piece by piece; False where there is none."""
        with to.open("wb") as file:
            try:
                with self._asked():
                    for piece in obstore.get(self._store, place).stream(min_chunk_size=_PIECE):
                        file.write(piece)
            except FileNotFoundError:
                return False
        return True

    def put(self, place: str, content: bytes | Path, *, new: bool = False) -> bool:
        """Write a whole object or none of it. False where `new` was asked for and there is one already."""
        with self._asked(), _missing_bucket(self.url):
            try:
                obstore.put(
                    self._store, place, content, mode="create" if new else "overwrite", chunk_size=PART,
                    max_concurrency=PARTS_AT_ONCE, use_multipart=False if new else None,
                )  # fmt: skip
            except AlreadyExistsError:
                return False
        return True

    def delete(self, place: str) -> None:
        """Remove an object, if there is one."""
        with self._asked():
            obstore.delete(self._store, place)

    def move(self, place: str, to: str) -> None:
        """Rename an object, if there is one; what was at the other place is replaced."""
        with self._asked(), contextlib.suppress(FileNotFoundError):
            obstore.rename(self._store, place, to)

    def objects(self, folder: str) -> Iterator[StoredObject]:
        """Every object below a folder, a page at a time."""
        with self._asked(), _missing_bucket(self.url):
            for page in obstore.list(self._store, folder, chunk_size=1000):
                yield from map(_stored, page)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except BaseError as error:
            raise translated(self.url, error) from error


@contextmanager
def _missing_bucket(url: str) -> Iterator[None]:
    """What is written or listed can lack nothing but its bucket."""
    try:
        yield
    except FileNotFoundError as error:
        raise no_bucket(url) from error


def _access(settings: Settings) -> S3Config:
    """What is not set is found in the environment as usual (`AWS_…`), or asked of the cloud that this runs in."""
    given = {
        "endpoint": settings.media_endpoint,
        "region": settings.media_region,
        "access_key_id": settings.media_access_key.get_secret_value(),
        "secret_access_key": settings.media_secret_key.get_secret_value(),
    }
    return cast("S3Config", {name: value for name, value in given.items() if value})


def _stored(found: ObjectMeta) -> StoredObject:
    return StoredObject(found["path"], found["size"], found["last_modified"].timestamp())
