"""One process that starts, watches, restarts and stops all the others."""
