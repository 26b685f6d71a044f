"""One Apache Kafka broker (KRaft, its own controller) from the published jars."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from infra.stack import probes
from infra.stack.local import LocalPart

#: Everything but addresses and folders. Times are short because one broker on one machine has nobody to wait for.
#: The compose file and the containers of the tests carry the same.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "2097152",
    "num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.segment.bytes": "134217728",
    "log.retention.check.interval.ms": "60000",
    "log.initial.task.delay.ms": "5000",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.segment.bytes": "16777216",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "6000",
    "group.consumer.min.session.timeout.ms": "6000",
    "group.consumer.session.timeout.ms": "10000",
    "group.consumer.min.heartbeat.interval.ms": "1000",
    "group.consumer.heartbeat.interval.ms": "2000",
    "group.consumer.assignment.interval.ms": "100",
    # How long a broker that was killed must wait before it is let in again (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controlled.shutdown.max.retries": "1",
    "controlled.shutdown.retry.backoff.ms": "100",
}

_LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""

_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-Djava.awt.headless=true",
)


@dataclass(frozen=True, slots=True)
class LocalKafka(LocalPart):
    """A broker on `127.0.0.1:port` with its controller on the next port, and everything it keeps in `data_dir`."""

    def prepare(self) -> None:
        """Write the configuration for this run."""
        folder = self._cleared()
        settings = SETTINGS | addresses(self.address, f"127.0.0.1:{self.port + 1}") | {"log.dirs": str(self._logs)}
        (folder / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        (folder / "log4j2.properties").write_text(_LOGGING)

    def format_command(self) -> list[str] | None:
        """The command that must run, and end, before the first start; None once the data folder is formatted."""
        if (self._logs / "meta.properties").exists():
            return None
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        # With "=": the id may begin with a dash.
        arguments = ["format", "--standalone", f"--cluster-id={cluster}", "--config", self._config]
        return [*self._broker(), "kafka.tools.StorageTool", *arguments]

    def command(self) -> list[str]:
        """The command that runs the broker in the foreground until SIGTERM."""
        return [*self._broker(), "kafka.Kafka", self._config]

    def ready(self) -> bool:
        """Whether it serves clients now."""
        return probes.kafka_answers(self.address)

    @property
    def _logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def _config(self) -> str:
        return str(self.data_dir / "server.properties")

    def _broker(self) -> list[str]:
        return self._java("kafka", *_JVM, f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.properties'}")


def addresses(broker: str, controller: str) -> dict[str, str]:
    """The settings of a broker that listens, and is reached, at `broker`; its own controller is at `controller`."""
    listeners = f"BROKER://{broker},CONTROLLER://{controller}"
    return {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": controller,
    }
