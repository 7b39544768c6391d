"""Corpus file formats: one file a format."""
