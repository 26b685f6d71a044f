"""Spans for OpenTelemetry, made from events: what a video waited for and what it took, in Jaeger, Tempo or the like."""
