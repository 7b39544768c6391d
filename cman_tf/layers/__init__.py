"""Keras layers. Each names the equation that it computes."""
