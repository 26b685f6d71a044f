"""The start of a process that serves: its settings, its logs."""

from __future__ import annotations

from infra import misspelt, security
from infra.settings import Settings, settings
from infra.telemetry import logs

log = logs.get("settings")


def started() -> Settings:
    """The settings, with logging set up by them; what is misspelt among them is in the log."""
    config = settings()
    logs.configure(config.log_level, config.log_format)
    for sentence in (*misspelt.told(), *security.told(config)):
        log.warning(sentence)
    return config
