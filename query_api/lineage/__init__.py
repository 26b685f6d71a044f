"""Lineage: what led to a video, a swipe or any other event, and what came of it."""
