"""Loading a trained model and predicting entities and relations with it."""
