"""Contracts at work: documents kept up to date, compatibility checked, versions published, topics exported."""
