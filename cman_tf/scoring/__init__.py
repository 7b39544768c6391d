"""Scoring conventions and tables, in plain Python."""
