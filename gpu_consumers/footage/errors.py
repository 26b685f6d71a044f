"""Errors of footage: the scene is then drawn without it."""

from __future__ import annotations

from gpu_consumers.errors import BackendError


class FootageError(BackendError):
    """Footage is missing, broken, too large, or of a kind that cannot be shown."""
