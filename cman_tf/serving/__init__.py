"""The service behind `cman-tf serve`: bounds around an application that gives a model's answers over HTTP."""
