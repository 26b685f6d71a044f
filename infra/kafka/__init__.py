"""Kafka: one producer, two consumer shells (batches, long tasks), dead letters, topic migration."""
