"""A Kafka of one's own whose listeners want TLS: one with a login besides, one with a certificate of the client's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.stack import LocalKafka, jars, ports
from infra.stack.stack import run_format
from tests.integration.authority import Authority
from tests.integration.running import running

USER, PASSWORD = "swipestream", "correct horse battery staple"
_PLAIN = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class SecuredKafka(LocalKafka):
    """The local broker, with listeners for `login` (SASL_SSL) and `certificate` (SSL) at two ports more."""

    authority: Authority
    login: str
    certificate: str

    def prepare(self) -> None:
        """Write the configuration for this run."""
        LocalKafka.prepare(self)
        file = self.data_dir / "server.properties"
        written = dict(line.split("=", 1) for line in file.read_text().splitlines()) | self._secured()
        file.write_text("".join(f"{key}={value}\n" for key, value in written.items()))

    def format_command(self) -> list[str] | None:
        """As before; with the user whom SCRAM knows."""
        command = LocalKafka.format_command(self)
        return command and [*command, "--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"]

    def _secured(self) -> dict[str, str]:
        chain, key = self.authority.issue("broker")
        (store := self.data_dir / "keystore.pem").write_bytes(key.read_bytes() + chain.read_bytes())
        where = f"BROKER://{self.address},CONTROLLER://127.0.0.1:{self.port + 1}"
        where += f",LOGIN://{self.login},CERTIFICATE://{self.certificate}"
        return {
            "listeners": where,
            "advertised.listeners": where,
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,CERTIFICATE:SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(store),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "listener.name.certificate.ssl.client.auth": "required",
            "listener.name.login.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.login.plain.sasl.jaas.config": _PLAIN,
            "listener.name.login.scram-sha-512.sasl.jaas.config": _SCRAM,
        }


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredKafka]:
    """A running one, without topics."""
    jars.fetch("kafka")
    login, certificate = (f"127.0.0.1:{ports.free_port()}" for _ in range(2))
    authority = Authority(folder / "tls", "authority")
    kafka = SecuredKafka(folder / "kafka", ports.free_port(pair=True), authority, login, certificate)
    kafka.prepare()
    run_format(kafka)
    with running("kafka", kafka, folder / "kafka.log", 90):
        yield kafka
