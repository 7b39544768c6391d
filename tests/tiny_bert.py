"""A BERT of two layers with random weights, for at most 12 pieces, in a directory."""

import tensorflow as tf

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "lee", "lives", "in", "ro", "##me", "##s", ".")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789.,'-")
SPELLING = (*WORDS[:4], *LETTERS, *(f"##{letter}" for letter in LETTERS))  # any word has pieces


def write_vocabulary(folder, words=SPELLING):
    """Write vocab.txt; returns its path."""
    (folder / "vocab.txt").write_text("\n".join(words))
    return str(folder / "vocab.txt")


def write_bert(folder, words=WORDS, **changes):
    """Write it, its tokenizer knowing these pieces; `changes` go into its configuration."""
    import transformers

    transformers.BertTokenizerFast(write_vocabulary(folder, words), model_max_length=12).save_pretrained(folder)
    tf.keras.utils.set_random_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
        initializer_range=0.5,
        **changes,
    )
    model = transformers.TFBertModel(config)
    model(tf.constant([[2, 3]]))
    model.save_pretrained(folder)
    return str(folder)
