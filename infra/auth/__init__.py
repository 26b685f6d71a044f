"""Who asks: keys, tokens and scopes; what the API checks and what the CLI presents."""
