"""Extraction from more text than one machine holds: inputs, shards, workers, parts and what a run leaves on disk."""
