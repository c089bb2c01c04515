"""The catalogue as the page's JavaScript reads it: JSON, translated, cut to the visitor's rights."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from layers.catalog.layer import Group, Layer, Style
from layers.catalog.selectors import layers_for

#: Highest tile zoom that is cut; the map draws deeper zooms out of it. The map's zoom is one more.
MAX_TILE_ZOOM = 16


def group_titles() -> dict[str, str]:
    """Heading of each group, in the order of the layer control."""
    return {
        Group.OPERATIONS: _("Operations"),
        Group.ASSETS: _("Assets"),
        Group.ANALYSIS: _("Analysis"),
        Group.BASE: _("Base map"),
    }


def _style(style: Style) -> dict[str, Any]:
    return {
        "dark": style.dark,
        "light": style.light,
        "shape": str(style.shape),
        "glyph": style.glyph,
        "weight": style.weight_px,
        "dash": list(style.dash),
        "opacity": style.opacity,
    }


def layer_payload(layer: Layer) -> dict[str, Any]:
    """One layer for the map: how to ask for it, how to draw it, how to name it."""
    varies = next((column.key for column in layer.fields if column.path == layer.varies_by), "")
    return {
        "key": layer.key,
        "title": str(layer.title),
        "description": str(layer.description),
        "group": str(layer.group),
        "geometry": str(layer.geometry),
        "tiles": "" if layer.live else f"/tiles/{layer.key}/{{z}}/{{x}}/{{y}}.mvt",
        "live": layer.live,
        "sources": list(layer.version_keys),
        "minZoom": layer.min_zoom,
        "maxZoom": MAX_TILE_ZOOM,
        "shown": layer.shown,
        "sectors": layer.sectors,
        "basemap": layer.basemap,
        "order": layer.drawn_order,
        "style": _style(layer.style),
        "variesBy": varies,
        "variants": [
            {"value": variant.value, "title": str(variant.title), "style": _style(variant.style)}
            for variant in layer.variants
        ],
        "parameters": sorted(layer.parameters),
        "searchable": bool(layer.search_fields),
    }


def catalogue_payload(user: Any) -> dict[str, Any]:
    """`{groups: {key: title}, layers: [...]}` for what the visitor may see."""
    return {
        "groups": {str(key): title for key, title in group_titles().items()},
        "layers": [layer_payload(layer) for layer in layers_for(user)],
    }
