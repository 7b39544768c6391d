"""What `cman-tf compare` does: what one system finds and another misses."""
