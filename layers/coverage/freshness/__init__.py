"""Stored camera views kept current: what changed, which views it concerns, computing them."""
