"""Layers out as GeoJSON, GeoPackage, CSV, XLSX and zipped shapefile."""
