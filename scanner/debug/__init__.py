"""Watchpoints: which instructions touch a value, while nobody is stopped."""
