"""How long a clip will take: a formula where nothing is known, learned from what clips took. Pure."""
