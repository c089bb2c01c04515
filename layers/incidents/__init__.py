"""Calls, incidents and their life cycle."""
