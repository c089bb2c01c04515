"""Coordinate systems, units, geometry validation and the loader of .sql files."""
