"""Vector tiles cut by PostGIS, with the visitor's rights applied."""
