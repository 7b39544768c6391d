"""Corpus file formats, each in its own module, and the registry that lists them."""
