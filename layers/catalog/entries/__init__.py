"""The declarations: one entry a layer, in the order of the layer control."""

from layers.catalog.entries import operations, hazards, assets, analysis, base  # noqa: F401, I001
