"""The language of scans: predicates, how they are written, and what they mean."""
