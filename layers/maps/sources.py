"""Whose data the map shows: attribution that licences ask for, and the label of demonstration data."""

from __future__ import annotations

from django.core.cache import cache
from django.utils.translation import gettext as _

from layers.catalog.layer import Layer
from layers.catalog.registry import get_layer
from layers.catalog.versions import layer_version
from layers.places.models import Origin


def data_origins() -> frozenset[str]:
    """Origins of what is loaded, found by looking at one row of each kind; remembered by version."""
    layers: list[Layer] = [get_layer(key) for key in ("roads", "buildings", "cctv", "areas")]
    key = f"origins-{layer_version(*layers)}"
    found = cache.get(key)
    if found is None:
        found = frozenset(
            origin
            for origin in Origin.values
            if any(layer.model._default_manager.filter(origin=origin).exists() for layer in layers)
        )
        cache.set(key, found, 3600)
    return found


def attribution() -> list[str]:
    """Lines that licences ask for, already translated."""
    return [_("© OpenStreetMap contributors (ODbL)")] if Origin.OSM in data_origins() else []


def is_demo() -> bool:
    """Whether demonstration data is on the map; the page then says so."""
    return Origin.DEMO in data_origins()
