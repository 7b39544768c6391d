"""Contextual encoders: where token features come from, and their cache.

`ElmoHub`, `ElmoFiles`, `Transformer` and `Cache` have `layers`, `size` and

    encode(sentences: Sequence[Sequence[str]]) -> list of float32 [L, layers, size]

of a frozen encoder; a sentence's features do not depend on the others in the call.
`TunedTransformer` is one that is trained with the model instead, as a layer of it.
"""
