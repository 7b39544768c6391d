"""Related text for a sentence: an index of passages, a guard against leakage, and neighbours of image features."""
