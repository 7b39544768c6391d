"""Choosing thresholds and temperatures on annotated data, and showing what they do. No TensorFlow is needed."""
