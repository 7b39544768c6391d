"""Mixtures of experts (MoRe): fitting the gates on held-out data, scoring, and writing the directory."""
