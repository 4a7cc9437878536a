"""Scans: steps, the matches they leave, and the tree of their history."""
