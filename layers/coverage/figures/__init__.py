"""Figures of a coverage run: cut into tiles, worked anywhere, merged to the same numbers."""
