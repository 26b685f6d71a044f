"""Sound: the music bed, and the mix of voices and music. All of it is float32, 48 kHz, stereo, shape (n, 2)."""
