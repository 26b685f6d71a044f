"""Moderators: rules, classifiers, services. Every one keeps the promise of `gpu_consumers.ports.Moderator`."""
