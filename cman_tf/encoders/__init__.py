"""Contextual encoders, frozen: where token features come from, and their cache.

Each encoder module has one class with `layers`, `size` and

    encode(sentences: Sequence[Sequence[str]]) -> list of float32 [L, layers, size]

A sentence's features do not depend on the others in the call.
"""
