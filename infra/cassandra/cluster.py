"""How this project talks to a Cassandra cluster, whoever asks."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cassandra import ConsistencyLevel, OperationTimedOut, RequestExecutionException, UnresolvableContactPoints
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.connection import ConnectionException
from cassandra.io.libevreactor import LibevConnection
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    TokenAwarePolicy,
)
from cassandra.query import dict_factory

from infra import tls
from infra.errors import StoreAwayError, StoreRefusedError, UnavailableError
from infra.settings import Settings

# It tells of every node that it meets; what matters is raised or logged by the session.
logging.getLogger("cassandra").setLevel(logging.ERROR)
# With a traceback of what it raises as well, each time that it cannot connect.
logging.getLogger("cassandra.cluster").setLevel(logging.CRITICAL)

#: What the driver raises where the cluster, rather than the request, is at fault.
_TROUBLE = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException, OSError)
#: Version 5 of the protocol loses bytes in driver 3.30 when a read ends inside a segment header.
PROTOCOL = 4


def why(error: BaseException) -> str:
    """What the driver says, in words: of a cluster that cannot be reached, each node's own reason."""
    causes = error.errors if isinstance(error, NoHostAvailable) else None
    if not causes or not isinstance(causes, dict):  # of nodes that fail at the same moment the driver has a bare list
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "; ".join(f"{node}: {str(cause).rpartition('Last error: ')[2]}" for node, cause in causes.items())


def away(error: BaseException) -> UnavailableError:
    """What to raise for it: StoreRefusedError where a node does not let us in, else StoreAwayError."""
    said = why(error)
    if "authenticat" in said:
        return StoreRefusedError("Cassandra", said, "SWIPESTREAM_CASSANDRA_USER and _PASSWORD")
    if "ssl" in said.lower():
        return StoreRefusedError("Cassandra", said, "SWIPESTREAM_CASSANDRA_CA, _CERTIFICATE, _KEY and _CHECK_HOST")
    return StoreAwayError("Cassandra", said)


def trouble(error: BaseException) -> BaseException:
    """UnavailableError where the cluster is at fault, the error itself otherwise."""
    return away(error) if isinstance(error, _TROUBLE) else error


def ask(settings: Settings, timeout: float = 2.0) -> None:
    """Raises UnavailableError where no node answers within about `timeout` seconds; it says why, where one refuses."""
    with connected(settings, request_s=timeout):
        pass


@contextmanager
def connected(settings: Settings, *, request_s: float, patience_s: float = 0.0) -> Iterator[Session]:
    """A session of the driver's. Tries to connect again until `patience_s` are over.

    Raises UnavailableError, also for what fails in the block by the cluster's fault.
    """
    own = _connected(settings, request_s, time.monotonic() + patience_s)
    try:
        yield own
    except _TROUBLE as error:
        raise away(error) from error
    finally:
        own.cluster.shutdown()


def _connected(settings: Settings, request_s: float, deadline: float) -> Session:
    while True:
        own = None
        try:
            own = cluster(settings, request_s=request_s)
            return own.connect()
        # A service without ready pods has a name without addresses.
        except (NoHostAvailable, OperationTimedOut, UnresolvableContactPoints, OSError) as error:
            if own:
                own.shutdown()  # one that could not connect is of no more use
            if time.monotonic() >= deadline:
                raise away(error) from error
            time.sleep(0.5)


def addresses(text: str) -> list[tuple[str, int]]:
    """`host:port,host:port` as pairs; the port is 9042 where none is given."""
    pairs = (part.strip().rpartition(":") for part in text.split(",") if part.strip())
    return [(host, int(port)) if host else (port, 9042) for host, _, port in pairs]


def cluster(settings: Settings, *, request_s: float) -> Cluster:
    """A cluster that has not connected yet. A node that goes away is tried again every second, for ever."""
    points = addresses(settings.cassandra_address)
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        row_factory=dict_factory,
        request_timeout=request_s,
    )
    return Cluster(
        contact_points=points,
        port=points[0][1],
        protocol_version=PROTOCOL,
        connection_class=LibevConnection,
        auth_provider=_login(settings),
        ssl_context=_encrypted(settings),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=ConstantReconnectionPolicy(1.0, max_attempts=None),
        # Who gives a request long gives a connection as long: a command of an operator's waits for a busy cluster.
        connect_timeout=max(2.0, request_s),
        control_connection_timeout=max(2.0, request_s),
        idle_heartbeat_interval=5,
        idle_heartbeat_timeout=5,
    )


def _login(settings: Settings) -> PlainTextAuthProvider | None:
    if not settings.cassandra_user:
        return None
    return PlainTextAuthProvider(settings.cassandra_user, settings.cassandra_password.get_secret_value())


def _encrypted(settings: Settings) -> ssl.SSLContext | None:
    if not settings.cassandra_tls:
        return None
    files = settings.cassandra_ca, settings.cassandra_certificate, settings.cassandra_key
    return tls.context(*files, check_host=settings.cassandra_check_host)
