"""Executable files as they lie on disk."""
