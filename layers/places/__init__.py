"""Agencies, areas, cities with their working CRS, and the base map: buildings, water, named places."""
