"""Footage: images and clips, uploaded or from a stock library, that scenes show behind their words."""
