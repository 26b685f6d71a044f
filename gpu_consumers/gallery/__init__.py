"""The gallery: prompts made into pictures without Kafka, to look at what the renderer does."""
