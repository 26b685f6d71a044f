"""Scenes: each drawn by the first way that can, and looked at before it counts."""
