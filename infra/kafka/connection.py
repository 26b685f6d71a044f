"""How every client of this process connects to Kafka: by which protocol, as whom. The settings say it, once for all."""

from __future__ import annotations

import ssl
from typing import Any

from infra import tls
from infra.kafka.refusals import heard
from infra.settings import Settings, settings

#: A connection that was silently dropped on the way is given up after ten seconds, in place of a minute: a group takes
#: a member for dead after as long, and whoever waits for an answer was told long before to come again.
_SOCKETS = {"socket.timeout.ms": 10_000, "socket.keepalive.enable": True, "reconnect.backoff.max.ms": 1_000}


def client(bootstrap: str) -> dict[str, Any]:
    """What each client of librdkafka has in common: add the rest with `|`. What brokers refuse is in the log."""
    return {"bootstrap.servers": bootstrap, "log_level": 2, "error_cb": heard} | secured(settings())


def lasting(bootstrap: str) -> dict[str, Any]:
    """The same for clients that live long."""
    return client(bootstrap) | _SOCKETS


def aio(bootstrap: str) -> dict[str, Any]:
    """The same for clients of aiokafka."""
    config = settings()
    made: dict[str, Any] = {"bootstrap_servers": bootstrap, "security_protocol": config.kafka_security_protocol}
    if config.kafka_user:
        made |= {
            "sasl_mechanism": config.kafka_sasl_mechanism,
            "sasl_plain_username": config.kafka_user,
            "sasl_plain_password": config.kafka_password.get_secret_value(),
        }
    return made | {"ssl_context": encrypted(config)}


def encrypted(config: Settings) -> ssl.SSLContext | None:
    """TLS where the protocol has it. Raises ConfigurationError where a file cannot be used."""
    if not config.kafka_security_protocol.endswith("SSL"):
        return None
    return tls.context(config.kafka_ca, config.kafka_certificate, config.kafka_key)


def secured(config: Settings) -> dict[str, str]:
    """The settings of librdkafka on security; none where there is none. Host names are checked, as by default.

    Raises as `encrypted`.
    """
    if config.kafka_security_protocol == "PLAINTEXT":
        return {}
    encrypted(config)  # says which file is of no use; librdkafka says it in words of its own
    files = {
        "ssl.ca.location": config.kafka_ca,
        "ssl.certificate.location": config.kafka_certificate,
        "ssl.key.location": config.kafka_key,
    }
    login = {
        "sasl.mechanism": config.kafka_sasl_mechanism,
        "sasl.username": config.kafka_user,
        "sasl.password": config.kafka_password.get_secret_value(),
    }
    named = {name: str(path) for name, path in files.items() if path}
    return {"security.protocol": config.kafka_security_protocol} | named | (login if config.kafka_user else {})
