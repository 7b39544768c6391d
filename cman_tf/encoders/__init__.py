"""Contextual encoders: finding their files, computing vectors, and caching the vectors.

The protocols are in `cman_tf.data.contextual_encoder`. `ElmoHub`, `ElmoFiles`, `Transformer` and `Cache` follow
`ContextualEncoder`. `TunedTransformer` follows `TunableEncoder`: it is trained with the model as one of its layers.
"""
