"""What `cman-tf download` fetches: corpora, encoders and word vectors, each checked by its hash."""
