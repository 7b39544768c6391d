"""Contextual encoders: which one is meant, its files, its vectors, and a cache of them.

`ElmoHub`, `ElmoFiles`, `Transformer` and `Cache` are each a `cman_tf.data.contextual_encoder.ContextualEncoder`;
`TunedTransformer` is a `TunableEncoder`, which is trained with the model as one of its layers.
"""
