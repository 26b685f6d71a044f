"""Why a broker refuses us: password, certificate or protocol are wrong. librdkafka tells it aside, and tries on."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import StoreAwayError, StoreRefusedError, UnavailableError
from infra.telemetry import logs

log = logs.get("kafka")

#: How often a refusal that lasts is logged, in seconds.
EVERY_S = 30.0
_LOGIN, _TLS = "SWIPESTREAM_KAFKA_USER, _PASSWORD and _SASL_MECHANISM", "SWIPESTREAM_KAFKA_CA, _CERTIFICATE and _KEY"


class _Last:
    """The last refusal of this process: all its clients connect alike."""

    why, setting, heard_at, logged_at = "", "", -EVERY_S, -EVERY_S


def setting(error: KafkaError) -> str | None:
    """Which settings a refusal is about; None for any other error."""
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
        return _LOGIN
    if "PLAINTEXT broker listener" in error.str():
        return "SWIPESTREAM_KAFKA_SECURITY_PROTOCOL"
    return _TLS if error.code() == KafkaError._SSL or "SSL alert" in error.str() else None


def heard(error: KafkaError) -> None:
    """What a client tells in its `error_cb`. Refusals are logged, now and then while they last."""
    about, now = setting(error), time.monotonic()
    if about is None:
        log.debug("kafka", error=error.str())
        return
    if now - _Last.logged_at >= EVERY_S or _Last.setting != about:
        log.warning("kafka refuses", why=error.str(), settings=about)
        _Last.logged_at = now
    _Last.why, _Last.setting, _Last.heard_at = error.str(), about, now


def unanswered(client: AdminClient | Consumer, error: KafkaException) -> UnavailableError:
    """What to raise where `client` got no answer: StoreRefusedError where it was refused, else StoreAwayError."""
    asked = time.monotonic()
    client.poll(0)  # what it had to tell aside waits there
    if _Last.heard_at >= asked:
        return StoreRefusedError("Kafka", _Last.why, _Last.setting)
    return StoreAwayError("Kafka", error.args[0].str())
