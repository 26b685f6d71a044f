"""Replay and regeneration: what happened is read again, and videos are made once more from their own events."""
