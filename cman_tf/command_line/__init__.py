"""Flags, console output and error handling that the commands share."""
