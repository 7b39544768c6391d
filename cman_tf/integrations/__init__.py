"""Parts of other libraries that use a trained model."""
