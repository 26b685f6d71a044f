"""Uploads: received with a limit, known by their bytes, decoded once in a process of their own."""
