"""Assembly: scene clips joined without encoding them again, with sound, captions, chapters and a cover."""
