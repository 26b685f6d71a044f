"""Faster denoisers: the best of tensorrt, inductor and eager that works here and computes the same."""
