"""A trained model as a SavedModel of stock TensorFlow operations: text in, entities and relations out."""
