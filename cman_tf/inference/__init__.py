"""From a trained model's directory to entities and relations."""
