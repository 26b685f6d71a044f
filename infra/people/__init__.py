"""Viewers as the log knows them: by pseudonyms whose keys can be destroyed."""
