"""Names of the flags that choose a contextual encoder, apart from what finds its files."""

ENCODER_FLAGS = ("elmo", "elmo_options", "elmo_weights", "encoder")
