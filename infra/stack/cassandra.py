"""One Apache Cassandra node from the published jars."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from infra.stack import jars, probes
from infra.stack.local import LocalPart

#: Everything but addresses and folders: small caches, and no waiting for other nodes.
_SETTINGS = {
    "cluster_name": "swipestream",
    "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
    "num_tokens": 1,
    "endpoint_snitch": "SimpleSnitch",
    "dynamic_snitch": False,
    "auto_bootstrap": False,
    "hinted_handoff_enabled": False,
    "auto_snapshot": False,
    "authenticator": "AllowAllAuthenticator",
    "authorizer": "AllowAllAuthorizer",
    # One replica: what is acknowledged must be replayed after a kill -9. With "periodic" the last of it is not: the
    # bytes are in the page cache, but behind the last marker of the segment (seen by the chaos test, seed 8).
    "commitlog_sync": "batch",
    "commitlog_segment_size": "8MiB",
    "commitlog_total_space": "128MiB",
    "memtable": {"configurations": {"default": {"class_name": "TrieMemtable"}}},
    "memtable_heap_space": "128MiB",
    "memtable_offheap_space": "64MiB",
    "file_cache_size": "32MiB",
    "networking_cache_size": "16MiB",
    "key_cache_size": "8MiB",
    "counter_cache_size": "0MiB",
    # What an index is built in while tables are flushed and compacted: 1 GiB unless told, which is more than the heap.
    "sai_options": {"segment_write_buffer_size": "32MiB"},
    "concurrent_reads": 16,
    "concurrent_writes": 16,
    "concurrent_compactors": 1,
    "native_transport_max_threads": 32,
    "start_native_transport": True,
}

_LOGGING = """\
<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"""

#: What Cassandra's own start script opens on Java 17.
_EXPORTS = """
java.base/java.lang.ref java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi
java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.unsupported/sun.misc
""".split()
_OPENS = """
java.base/java.io java.base/java.lang java.base/java.lang.module java.base/java.lang.reflect java.base/java.util
java.base/jdk.internal.loader java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.ref
java.base/jdk.internal.reflect java.base/jdk.internal.util.jar java.base/sun.nio.ch
jdk.management/com.sun.management.internal
""".split()

_JVM = (
    "-Xms256m",
    "-Xmx768m",
    "-Xss256k",
    "-XX:MaxDirectMemorySize=128m",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS),
    *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
    # Alone in its ring: there is nobody whose gossip is worth waiting for.
    "-Dcassandra.ring_delay_ms=1",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.shutdown_announce_in_ms=0",
    "-Dcassandra-foreground=yes",
)


@dataclass(frozen=True, slots=True)
class LocalCassandra(LocalPart):
    """A node on `127.0.0.1:port`, its own storage port next to it, no JMX, and everything it keeps in `data_dir`."""

    def prepare(self) -> None:
        """Write the configuration for this run."""
        folder = self._cleared()
        (folder / "cassandra.yaml").write_text(yaml.safe_dump(_SETTINGS | self._addresses(), sort_keys=False))
        (folder / "logback.xml").write_text(_LOGGING)

    def command(self) -> list[str]:
        """The command that runs the node in the foreground until SIGTERM."""
        folders = (
            f"-Dcassandra.config={(self.data_dir / 'cassandra.yaml').as_uri()}",
            f"-Dcassandra.storagedir={self.data_dir}",
            f"-Dcassandra.logdir={self.data_dir}",
            f"-Dlogback.configurationFile={self.data_dir / 'logback.xml'}",
        )
        main = "org.apache.cassandra.service.CassandraDaemon"
        return [*self._java("cassandra", f"-javaagent:{_agent()}", *_JVM, *folders), main]

    def ready(self) -> bool:
        """Whether it serves clients now."""
        return probes.cassandra_answers(self.address)

    def _addresses(self) -> dict[str, object]:
        seeds = [{"seeds": f"127.0.0.1:{self.port + 1}"}]
        return {
            "listen_address": "127.0.0.1",
            "rpc_address": "127.0.0.1",
            "native_transport_port": self.port,
            "storage_port": self.port + 1,
            "seed_provider": [{"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": seeds}],
            "data_file_directories": [str(self.data_dir / "data")],
            "commitlog_directory": str(self.data_dir / "commitlog"),
            "hints_directory": str(self.data_dir / "hints"),
            "saved_caches_directory": str(self.data_dir / "saved_caches"),
        }


def _agent() -> str:
    """The jar that lets Cassandra measure its objects; it must be there before the main class."""
    return next(path for path in jars.class_path("cassandra").split(":") if "/jamm-" in path)
