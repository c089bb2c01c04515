"""Vector tiles from PostGIS, cached, with one version for each layer."""
