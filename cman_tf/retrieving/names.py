"""The flags that say where passages come from. Imports nothing, so that --help comes at once."""

from __future__ import annotations

TEXT, IMAGES = "retrieve", "image_index"  # the flags that name a place
QUERIES = "image_queries"
RETRIEVAL_FLAGS = (TEXT, IMAGES, QUERIES)
NOTHING = "none"  # the value of --retrieve for sentences alone
