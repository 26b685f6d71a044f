"""Projects: what happened to one folded into what it is, and commands turned into what happens next."""
