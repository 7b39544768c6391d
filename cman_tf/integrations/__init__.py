"""This package within other libraries."""
