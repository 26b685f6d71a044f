"""The read side: projections into Cassandra, HTTP, the websocket gateway, and the page."""
