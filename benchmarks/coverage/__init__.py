"""Visibility beside its peers."""
