"""A TF1-format module with ELMo's signature, in a directory."""

import tensorflow as tf


def write_hub_module(folder, outputs=("word_emb", "lstm_outputs1", "lstm_outputs2"), signature="tokens"):
    """Write one whose vectors are made from a hash of each token, 8 wide; returns its path."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        tokens = v1.placeholder(tf.string, [None, None])
        lengths = v1.placeholder(tf.int32, [None])
        table = v1.get_variable("table", [50, 4], use_resource=True, initializer=v1.random_normal_initializer())
        words = tf.gather(table, tf.strings.to_hash_bucket_fast(tokens, 50))
        words *= tf.sequence_mask(lengths, tf.shape(tokens)[1], tf.float32)[..., None]
        wide = tf.concat([words, -words], -1)
        values = {"word_emb": words, "lstm_outputs1": wide, "lstm_outputs2": tf.cumsum(wide, 1)}
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        signatures = {
            signature: v1.saved_model.predict_signature_def(
                {"tokens": tokens, "sequence_len": lengths}, {name: values[name] for name in outputs}
            )
        }
        builder.add_meta_graph_and_variables(session, [], signature_def_map=signatures)
        builder.save()
    return str(folder)
