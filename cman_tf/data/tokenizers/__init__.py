"""Named tokenizers. A run's record holds the name of the one that cuts raw text for its model."""

from cman_tf.data.tokenizers.base import Token, Tokenizer
from cman_tf.data.tokenizers.registry import TOKENIZER_NAMES, find_tokenizer
from cman_tf.data.tokenizers.spacy_tokenizer import is_spacy_name

__all__ = ["TOKENIZER_NAMES", "Token", "Tokenizer", "find_tokenizer", "is_spacy_name"]
