"""Structures declared as text, in construct's words or in C's."""
