"""Provenance: content credentials (C2PA) in every video, made so that equal videos stay equal to the byte."""
