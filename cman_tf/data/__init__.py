"""Reading corpora, tags, vocabularies, word vectors and batches."""
