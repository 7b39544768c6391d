"""The names of the flags that choose a contextual encoder."""

ENCODER_FLAGS = ("elmo", "elmo_options", "elmo_weights", "encoder", "encoder_precision")
