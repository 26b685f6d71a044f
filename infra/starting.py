"""The start of a process that serves: its settings, its logs, and why it could not go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra import misspelt, security
from infra.ending import exit_code
from infra.errors import SwipestreamError, explained
from infra.settings import Settings, settings
from infra.telemetry import logs

log = logs.get("settings")


def started() -> Settings:
    """The settings, with logging set up by them; what is misspelt among them is in the log."""
    config = settings()
    logs.configure(config.log_level, config.log_format)
    for sentence in (*misspelt.told(), *security.warnings(config)):
        log.warning(sentence)
    return config


@contextmanager
def ending_told() -> Iterator[None]:
    """An error of ours ends the process with a line in its log and the error's exit code; so does its own decision."""
    try:
        yield
        if code := exit_code():
            sys.exit(code)
    except SwipestreamError as error:
        log.error("ended", why=explained(error))
        sys.exit(error.exit_code)
