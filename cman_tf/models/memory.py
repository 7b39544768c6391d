"""An estimate of the memory that a model takes, from its configuration alone and without TensorFlow.

The estimate counts the weights exactly enough, and the largest tensors of a batch roughly. Measured peaks lie between a
half and twice the estimate (`tests/test_memory.py`). It is for refusing what cannot fit, not for choosing a batch size.
"""

from __future__ import annotations

from cman_tf.config import Config
from cman_tf.data.vocabulary import Vocabulary

_FLOAT = 4  # bytes
_FRAMEWORK = 600 << 20  # bytes of a process that has loaded TensorFlow and a small model
_COMPILED = 800 << 20  # and has compiled its training
_TRAINED = 6  # floats of a weight in training: itself, two of Adam, its gradient and two copies that exist for a while
_LOADED = 3  # floats of a weight in decoding: itself, its first value or the saved one, and a copy within a step


def count_weights(config: Config, vocabulary: Vocabulary, encoder_size: int = 0) -> tuple[int, int]:
    """Count the numbers that a model consists of.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary.
      encoder_size: the size of the contextual encoder's vectors; 0 without one. The encoder's own weights do not count.

    Returns:
      The number of trained and of frozen ones.
    """
    s, tags, relations = config, len(vocabulary.tags), max(1, len(vocabulary.relations))
    words = vocabulary.vectors.shape[1] if vocabulary.vectors is not None else s.word_size
    table = len(vocabulary.words) * words
    inputs = words + encoder_size
    trained = frozen = 0
    if vocabulary.vectors is not None and not s.tune_word_vectors:
        frozen = table
    else:
        trained = table
    if s.use_characters:
        inputs += 2 * s.char_hidden_size
        trained += len(vocabulary.characters) * s.char_size
        trained += 8 * s.char_hidden_size * (s.char_size + s.char_hidden_size + 1)
    width = 2 * s.hidden_size
    trained += 2 * tags * (width + tags)
    if s.model == "multihead":
        trained += _encoder(s, inputs) + (s.bilstm_layers - 1) * _encoder(s, width) + (width + tags) * s.relation_size
        return trained + 2 * (width + s.label_size) * s.relation_size + relations * s.relation_size, frozen
    attention = 4 * width * width
    units = _encoder(s, inputs) + (s.bsa_units - 1) * _encoder(s, width) + s.bsa_units * attention
    trained += units * (1 if s.share and not s.separate_models else 2)
    if s.label_attention:
        gate = 2 * width * width if s.label_gate else 0
        side = 2 * (_encoder(s, s.label_size) + attention + gate) + _encoder(s, 2 * width)
        trained += side * (2 if s.separate_models and s.model == "dynamic_cman" else 1)
    sets = 1 if s.relation_scorer == "shared" else relations
    return trained + sets * s.relation_size * (2 * width + 1) + relations * s.relation_size, frozen


def _encoder(config: Config, inputs: int) -> int:
    """Count the weights of a sequence encoder, as a BiLSTM; the other cells have at most about twice as many."""
    return 8 * config.hidden_size * (inputs + config.hidden_size + 1)


def estimate_training(
    config: Config, vocabulary: Vocabulary, longest: int, encoder_size: int = 0, encoder_bytes: int = 0
) -> int:
    """Estimate the peak of a training process in bytes.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary.
      longest: the number of tokens of the longest sentence.
      encoder_size: the size of the contextual encoder's vectors; 0 without one.
      encoder_bytes: the size of the encoder's weights if it is trained with the model.
    """
    trained, frozen = count_weights(config, vocabulary, encoder_size)
    copies = _TRAINED + (1 if config.weight_average else 0)
    kept = _keep(config, vocabulary, longest)
    read = longest
    if config.retrieved_passages:
        read += 1 + config.retrieved_tokens
        # Cooperative training reads a sentence twice: alone, and with its passages.
        kept = kept * (2 if config.cooperative_weight else 1) + config.context_units * _keep_unit(config, read)
    bytes_of_encoder = encoder_bytes * _TRAINED + config.batch_size * read * encoder_size * 200
    return _COMPILED + _FLOAT * (trained * copies + frozen * _LOADED + kept) + bytes_of_encoder


def _keep_unit(config: Config, longest: int) -> int:
    """Count the numbers that one BiLSTM and its attention keep for the gradients of a batch."""
    cell = 100 * config.hidden_size  # gates, states and outputs, and their gradients
    attention = 0 if config.model == "multihead" else 10 * longest * config.attention_heads  # of two passes
    return config.batch_size * longest * (cell + attention)


def _keep(config: Config, vocabulary: Vocabulary, longest: int) -> int:
    """Count the numbers that a training step keeps for the gradients of a batch, without passages."""
    s, tokens, relations = config, config.batch_size * longest, max(1, len(vocabulary.relations))
    layers = s.bilstm_layers if s.model == "multihead" else s.bsa_units + 3 * s.label_attention
    layers += 0 if s.share and not s.separate_models else s.bsa_units
    kept = layers * _keep_unit(config, longest)
    sets = 1 if s.model == "multihead" or s.relation_scorer == "shared" else relations
    kept += tokens * longest * relations * 4
    kept += tokens * sets * s.relation_size * 8
    if not s.xla:
        kept += 3 * tokens * longest * sets * s.relation_size
    return kept


def estimate_loading(config: Config, vocabulary: Vocabulary, encoder_size: int = 0) -> int:
    """Estimate the memory of a process that has loaded a trained model, in bytes.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary.
      encoder_size: the size of the contextual encoder's vectors; 0 without one.
    """
    trained, frozen = count_weights(config, vocabulary, encoder_size)
    return _FRAMEWORK + _FLOAT * _LOADED * (trained + frozen)
