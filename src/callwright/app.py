"""Composition root: the only place where adapters are chosen from settings."""
