"""Cassandra: one session with named statements, bounded waits and a bridge to asyncio; the migration of the tables."""
