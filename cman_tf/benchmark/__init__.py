"""Speed, memory and growth, measured: `python -m cman_tf.benchmark`."""
