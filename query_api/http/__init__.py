"""The HTTP API: prompts and swipes in, videos and feeds out."""
