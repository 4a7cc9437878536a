"""Predicates made into programs of the engine."""
