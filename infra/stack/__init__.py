"""The local stack: Kafka and Cassandra for one machine, from settings, from Docker, or from published jars."""

from infra.stack.cassandra import LocalCassandra
from infra.stack.kafka import LocalKafka
from infra.stack.stack import Stack, start_stack

__all__ = ["LocalCassandra", "LocalKafka", "Stack", "start_stack"]
