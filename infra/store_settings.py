"""Settings of Kafka and Cassandra: those of the local stack, or how clients reach what runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

#: A file that may be named; as for texts, empty is not given.
File = Annotated[Path | None, BeforeValidator(lambda given: given or None)]


class StoreSettings(BaseModel):
    """The part of `Settings` that says where events and views are."""

    #: Ports of the local stack, used only when the addresses below are not set.
    kafka_port: int = Field(9092, ge=1, le=65535)
    cassandra_port: int = Field(9042, ge=1, le=65535)

    #: `host:port,…` of a Kafka that already runs; empty: the local stack starts one.
    kafka: str = ""
    #: `host:port,…` of a Cassandra that already runs; empty: the local stack starts one.
    cassandra: str = ""
    #: How clients speak with that Kafka, as its own settings name it, and who they are.
    kafka_security_protocol: str = Field("PLAINTEXT", pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$")
    kafka_sasl_mechanism: str = Field("SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$")
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    #: PEM files: who is trusted (none: whom this machine trusts), and a certificate and key of one's own.
    kafka_ca: File = None
    kafka_certificate: File = None
    kafka_key: File = None
    #: How the local stack starts its parts: `auto` (Docker where an engine answers, else jars), `docker` or `jars`.
    stack: str = Field("auto", pattern="^(auto|docker|jars)$")
    #: A repository to download the jars from, in place of Maven Central.
    maven: str = ""
    kafka_replication: int = Field(1, ge=1, le=7)
    #: Partitions of each lane of scene tasks: as many workers draw at once. `topics apply` adds, and never takes away.
    scene_partitions: int = Field(8, ge=8, le=4096)
    keyspace: str = Field("swipestream", pattern="^[a-z][a-z0-9_]{0,47}$")
    cassandra_replication: int = Field(1, ge=1, le=7)
    cassandra_user: str = ""
    cassandra_password: SecretStr = SecretStr("")
    #: Whether connections to Cassandra are encrypted; the files as with Kafka; whether a node must prove its name.
    cassandra_tls: bool = False
    cassandra_ca: File = None
    cassandra_certificate: File = None
    cassandra_key: File = None
    cassandra_check_host: bool = True

    @property
    def kafka_address(self) -> str:
        """The bootstrap servers that every client uses."""
        return self.kafka or f"127.0.0.1:{self.kafka_port}"

    @property
    def cassandra_address(self) -> str:
        """The contact points that every session uses, `host:port,…`."""
        return self.cassandra or f"127.0.0.1:{self.cassandra_port}"
