"""Who asks: from a token, and what a request says of itself, to a viewer and what they may do."""
