"""TLS and passwords: settings that contradict each other are refused, and clients get what is set."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import faust
import pytest
from confluent_kafka import KafkaError

from infra import security, tls
from infra.errors import ConfigurationError
from infra.kafka import connection, refusals
from infra.loopback import stays_here
from infra.settings import Settings, settings
from processors.app import create_app
from tests.integration.authority import Authority

LOGIN = {"kafka": "k:9093", "kafka_security_protocol": "SASL_SSL", "kafka_user": "u", "kafka_password": "se-cret"}


def made(**named: object) -> Settings:
    return Settings(_env_file=None, **named)  # type: ignore[arg-type, call-arg]


@pytest.fixture
def as_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name, value in LOGIN.items():
        monkeypatch.setenv(f"SWIPESTREAM_{name.upper()}", value)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"kafka": "k:1", "kafka_security_protocol": "SASL_SSL"}, "_USER and _PASSWORD must be given"),
        ({"kafka": "k:1", "kafka_security_protocol": "SASL_SSL", "kafka_user": "u"}, "_PASSWORD must be given"),
        ({"kafka": "k:1", "kafka_user": "u"}, "of no use: SWIPESTREAM_KAFKA_SECURITY_PROTOCOL is PLAINTEXT"),
        (LOGIN | {"kafka": ""}, "but SWIPESTREAM_KAFKA is empty"),
        (LOGIN | {"kafka_ca": "/nowhere/ca.crt"}, "SWIPESTREAM_KAFKA_CA: there is no file /nowhere/ca.crt"),
        (LOGIN | {"kafka_certificate": __file__}, "one is of no use without the other"),
        (
            LOGIN | {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ca": __file__},
            "SWIPESTREAM_KAFKA_CA: of no use",
        ),
        ({"cassandra_tls": True}, "but SWIPESTREAM_CASSANDRA is empty"),
        ({"cassandra": "c:1", "cassandra_ca": __file__}, "SWIPESTREAM_CASSANDRA_TLS is not set"),
        ({"cassandra": "c:1", "cassandra_tls": True, "cassandra_key": __file__}, "one is of no use without the other"),
        ({"cassandra_password": "se-cret"}, "of no use without SWIPESTREAM_CASSANDRA_USER"),
        ({"media_access_key": "AKIA"}, "MEDIA_ACCESS_KEY and _SECRET_KEY: one is of no use without the other"),
        ({"media_secret_key": "se-cret"}, "MEDIA_ACCESS_KEY and _SECRET_KEY: one is of no use without the other"),
        ({"media": "s3://videos", "media_grace_s": 1199}, "MEDIA_GRACE_S is 1199: with a bucket it must be 1200"),
    ],
)
def test_what_contradicts_itself_is_refused_without_the_password(named: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        made(**named)

    assert "se-cret" not in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize(
    ("named", "stores"),
    [
        (LOGIN, []),
        (LOGIN | {"kafka_security_protocol": "SASL_PLAINTEXT"}, ["Kafka"]),
        (LOGIN | {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka": "localhost:9092,[::1]:9093"}, []),
        ({"cassandra": "c:9042", "cassandra_user": "u"}, ["Cassandra"]),
        ({"cassandra": "127.0.0.1:9042", "cassandra_user": "u"}, []),
        ({"cassandra": "c:9042", "cassandra_user": "u", "cassandra_tls": True}, []),
    ],
)
def test_passwords_that_leave_this_machine_without_tls_are_told(named: dict[str, object], stores: list[str]) -> None:
    said = list(security.warnings(made(**named)))

    assert [store for store in ("Kafka", "Cassandra") if any(store in sentence for sentence in said)] == stores


def test_one_address_elsewhere_is_elsewhere() -> None:
    assert stays_here("127.0.0.1:9092")
    assert not stays_here("127.0.0.1:9092, broker:9092")


def test_without_settings_clients_speak_as_before() -> None:
    assert connection.secured(made()) == {}
    assert connection.encrypted(made()) is None


def test_every_kind_of_client_gets_protocol_and_login(as_set: pytest.MonkeyPatch) -> None:
    librdkafka, aiokafka = connection.client("k:9093"), connection.aio("k:9093")

    assert librdkafka["security.protocol"] == aiokafka["security_protocol"] == "SASL_SSL"
    assert librdkafka["sasl.mechanism"] == aiokafka["sasl_mechanism"] == "SCRAM-SHA-512"
    assert librdkafka["sasl.password"] == aiokafka["sasl_plain_password"] == "se-cret"
    assert aiokafka["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("SASL_SSL", faust.SASLCredentials), ("SSL", faust.SSLCredentials), ("PLAINTEXT", type(None))],
)
def test_faust_gets_them_too(protocol: str, kind: type, tmp_path: Path) -> None:
    login = LOGIN if protocol.startswith("SASL") else {"kafka": "k:9093"}
    config = made(**login | {"kafka_security_protocol": protocol, "data_dir": tmp_path})

    app = create_app(config, None, None)  # type: ignore[arg-type]

    assert type(app.conf.broker_credentials) is kind
    assert "se-cret" not in repr(app.conf.broker_credentials)


def test_tls_trusts_whom_it_is_told_to_and_shows_its_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")

    context = tls.context(authority.file, *authority.issue("client"))

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [dict(part[0] for part in found["subject"]) for found in context.get_ca_certs()] == [
        {"commonName": "authority"}
    ]
    assert not tls.context(authority.file, None, None, check_host=False).check_hostname


def test_a_file_that_is_no_certificate_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("not a certificate")

    with pytest.raises(ConfigurationError, match=r"ca\.crt: no TLS with these files"):
        tls.context(tmp_path / "ca.crt", None, None)


@pytest.mark.parametrize(
    ("code", "text", "setting"),
    [
        (KafkaError._AUTHENTICATION, "invalid credentials", "_PASSWORD"),
        (KafkaError._SSL, "certificate verify failed", "_CA"),
        (KafkaError._TRANSPORT, "SSL alert number 42", "_CERTIFICATE"),
        (KafkaError._TRANSPORT, "connecting to a PLAINTEXT broker listener?", "_SECURITY_PROTOCOL"),
    ],
)
def test_a_refusal_names_the_setting(code: int, text: str, setting: str) -> None:
    assert setting in (refusals.setting(KafkaError(code, text)) or "")


def test_an_outage_is_no_refusal() -> None:
    assert refusals.setting(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")) is None


def test_a_file_without_a_name_is_not_given() -> None:
    assert made(kafka_ca="", cassandra_ca="", credentials_key="").kafka_ca is None


def test_clients_of_kafka_are_told_the_file_that_is_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"\x30\x82")
    config = made(**LOGIN, kafka_ca=tmp_path / "ca.crt")

    with pytest.raises(ConfigurationError, match=r"ca\.crt: no TLS with these files"):
        connection.secured(config)
