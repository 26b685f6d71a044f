"""The read model: tables, what is written to them, what is read from them; in Cassandra and in memory."""
