"""A web page of what a model attends to in chosen sentences."""
