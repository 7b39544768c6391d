"""A search for good settings: ranges of settings, trials that are trained, and what they came to."""
