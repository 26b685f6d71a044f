"""Moderation: the rules that every room may ask. What else judges (classifiers, services) sits with the workers."""
