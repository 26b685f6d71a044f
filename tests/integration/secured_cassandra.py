"""A Cassandra of one's own that wants TLS, a certificate of the client's, and a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.stack import LocalCassandra, jars, ports
from tests.integration.authority import Authority
from tests.integration.running import running

#: Whom Cassandra makes when it first starts with passwords.
USER = PASSWORD = "cassandra"


@dataclass(frozen=True, slots=True)
class SecuredCassandra(LocalCassandra):
    """The local node, with TLS for its clients."""

    authority: Authority

    def prepare(self) -> None:
        """Write the configuration for this run."""
        LocalCassandra.prepare(self)
        file = self.data_dir / "cassandra.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | self._secured(), sort_keys=False))

    def ready(self) -> bool:
        """Whether it listens: it answers nobody without a certificate."""
        return ports.accepts(self.address)

    def _secured(self) -> dict[str, object]:
        chain, key = self.authority.issue("node", "10.0.0.9")
        store = self.data_dir / "keystore.pem"
        store.write_bytes(key.read_bytes() + chain.read_bytes())
        return {
            "authenticator": "PasswordAuthenticator",
            "client_encryption_options": {
                "enabled": True,
                "optional": False,
                "require_client_auth": True,
                "keystore": str(store),
                "truststore": str(self.authority.file),
                "ssl_context_factory": {"class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory"},
            },
        }


def settings(node: SecuredCassandra) -> dict[str, object]:
    """What lets a client in. The node's certificate names another host."""
    chain, key = node.authority.issue("client")
    files = {"cassandra_ca": node.authority.file, "cassandra_certificate": chain, "cassandra_key": key}
    login = {"cassandra_user": USER, "cassandra_password": PASSWORD}
    return {"cassandra": node.address, "cassandra_tls": True, "cassandra_check_host": False} | files | login


@contextmanager
def secured_cassandra(folder: Path) -> Iterator[SecuredCassandra]:
    """A running one."""
    jars.fetch("cassandra")
    authority = Authority(folder / "tls", "authority")
    node = SecuredCassandra(folder / "cassandra", ports.free_port(pair=True), authority)
    node.prepare()
    with running("cassandra", node, folder / "cassandra.log", 120):
        yield node
