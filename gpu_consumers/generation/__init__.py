"""Scenes from generative models: diffusers pipelines behind the same port as the procedural renderer."""
