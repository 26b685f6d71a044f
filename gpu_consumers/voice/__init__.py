"""Voices: text in, samples and word timings out. Every voice keeps the promise of `gpu_consumers.ports.Voice`."""
