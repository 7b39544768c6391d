"""The tables and figures of both papers: what each is made of, and running it."""
