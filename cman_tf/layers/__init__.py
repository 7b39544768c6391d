"""Keras layers; each cites the equation it computes."""
