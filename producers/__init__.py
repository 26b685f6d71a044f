"""Everything that writes to swipes and prompts: the client of the API, simulated viewers, starter prompts."""
