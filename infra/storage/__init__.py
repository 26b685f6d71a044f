"""The media store: bytes addressed by their hash, and an index from what made them to what they are."""
