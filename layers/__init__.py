"""NCC Geo: the spatial layers of a city command centre."""
