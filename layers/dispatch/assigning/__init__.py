"""Assigning units to incidents, moving them step by step, and what follows for incident and unit."""
