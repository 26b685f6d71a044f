"""Housekeeping of the media store: commands."""
