"""Settings, clients, storage, telemetry, the CLI and the local stack: the floor every other room stands on."""
