"""Projections: from events to rows. Pure functions, a writer, and the consumer that runs them."""
