"""Whether what the settings say of TLS, passwords, keys and media fits together: said before anybody connects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError
from infra.loopback import stays_here
from infra.media_grace import SHORTEST_S

if TYPE_CHECKING:
    from infra.settings import Settings

_FILES = ("ca", "certificate", "key")


def check(settings: Settings) -> None:
    """Raises ConfigurationError that names the settings which contradict each other, and never their values."""
    stores = "own-kafka-and-cassandra", (*_kafka(settings), *_cassandra(settings))
    for page, problems in (stores, ("media-in-s3", _media(settings))):
        for problem in problems:
            raise ConfigurationError(problem, hint=f"docs/howto/{page}.md shows what belongs together.")


def warnings(settings: Settings) -> Iterator[str]:
    """A sentence for each password that leaves this machine where others may read along.

    Told, not refused: the network itself may be encrypted, which no setting of ours can know.
    """
    if settings.kafka_security_protocol == "SASL_PLAINTEXT" and not stays_here(settings.kafka_address):
        yield "The login at Kafka goes through the network without TLS: SWIPESTREAM_KAFKA_SECURITY_PROTOCOL=SASL_SSL."
    if settings.cassandra_user and not settings.cassandra_tls and not stays_here(settings.cassandra_address):
        yield "The password for Cassandra goes through the network without TLS: SWIPESTREAM_CASSANDRA_TLS=true."


def _kafka(settings: Settings) -> Iterator[str]:
    protocol = settings.kafka_security_protocol
    login = bool(settings.kafka_user), bool(settings.kafka_password.get_secret_value())
    if protocol != "PLAINTEXT" and not settings.kafka:
        yield f"SWIPESTREAM_KAFKA_SECURITY_PROTOCOL is {protocol}, but SWIPESTREAM_KAFKA is empty: ours is PLAINTEXT."
    if protocol.startswith("SASL_") and not all(login):
        yield f"SWIPESTREAM_KAFKA_SECURITY_PROTOCOL is {protocol}: SWIPESTREAM_KAFKA_USER and _PASSWORD must be given."
    if any(login) and not protocol.startswith("SASL_"):
        yield f"SWIPESTREAM_KAFKA_USER and _PASSWORD are of no use: SWIPESTREAM_KAFKA_SECURITY_PROTOCOL is {protocol}."
    yield from _files(settings, "kafka", f"SWIPESTREAM_KAFKA_SECURITY_PROTOCOL is {protocol}", protocol.endswith("SSL"))


def _cassandra(settings: Settings) -> Iterator[str]:
    if settings.cassandra_tls and not settings.cassandra:
        yield "SWIPESTREAM_CASSANDRA_TLS is set, but SWIPESTREAM_CASSANDRA is empty: ours has none."
    if settings.cassandra_password.get_secret_value() and not settings.cassandra_user:
        yield "SWIPESTREAM_CASSANDRA_PASSWORD is of no use without SWIPESTREAM_CASSANDRA_USER."
    yield from _files(settings, "cassandra", "SWIPESTREAM_CASSANDRA_TLS is not set", settings.cassandra_tls)


def _media(settings: Settings) -> Iterator[str]:
    if bool(settings.media_access_key.get_secret_value()) != bool(settings.media_secret_key.get_secret_value()):
        yield "SWIPESTREAM_MEDIA_ACCESS_KEY and _SECRET_KEY: one is of no use without the other."
    if settings.media and settings.media_grace_s < SHORTEST_S:
        yield f"SWIPESTREAM_MEDIA_GRACE_S is {settings.media_grace_s}: with a bucket it must be {SHORTEST_S} or more."


def _files(settings: Settings, store: str, without: str, tls: bool) -> Iterator[str]:
    """What is wrong with the files of one store."""
    named = {part: path for part in _FILES if (path := getattr(settings, f"{store}_{part}"))}
    prefix = f"SWIPESTREAM_{store.upper()}"
    if named and not tls:
        yield f"{', '.join(f'{prefix}_{part.upper()}' for part in named)}: of no use: {without}."
    if ("certificate" in named) != ("key" in named):
        yield f"{prefix}_CERTIFICATE and {prefix}_KEY: one is of no use without the other."
    for part, path in named.items():
        if not path.is_file():
            yield f"{prefix}_{part.upper()}: there is no file {path}."
