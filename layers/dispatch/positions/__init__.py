"""Positions of units: devices and their keys, hygiene, the last place, tracks."""
