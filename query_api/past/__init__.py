"""Time travel: the state of a video or of a viewer as it was, folded from their part of the log."""
