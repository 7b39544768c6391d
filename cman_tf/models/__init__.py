"""CMAN, dynamic CMAN, the multi-head baseline and their losses."""
