"""The log as compressed files in the media store, and back."""
