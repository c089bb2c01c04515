"""A map view put together by folium and handed to a template in three parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from layers.catalog.payload import MAX_TILE_ZOOM, group_titles, layer_payload
from layers.catalog.selectors import layers_for
from layers.maps.elements import (
    Basemap,
    CameraSectors,
    Legend,
    LiveLayer,
    MapCanvas,
    VectorTileLayer,
)
from layers.maps.extent import areas_loaded, map_extent


class View(StrEnum):
    """The map views there are."""

    MAP = "map"
    DISPATCH = "dispatch"
    COVERAGE = "coverage"
    PLANNING = "planning"
    REPORTS = "reports"


#: Layers shown at first in each view; the visitor's own choice and the address come before it.
SHOWN: dict[View, tuple[str, ...] | None] = {
    View.MAP: None,
    View.DISPATCH: ("stations", "units", "active_incidents", "closures"),
    View.COVERAGE: ("cctv", "sights", "coverage", "gaps"),
    View.PLANNING: ("cctv", "gaps"),
    View.REPORTS: ("stations",),
}


@dataclass(frozen=True)
class MapParts:
    """What folium made: tags for the head, the map's element, and one module script."""

    header: SafeString
    html: SafeString
    script: SafeString


def compose_map(
    view: View | str, *, user: Any, nonce: str, layers: Sequence[str] | None = None
) -> MapParts:
    """Compose a map view for a visitor.

    `layers` limits the catalogue to these keys (all that the visitor may see by default). The
    script is one `<script type="module">` with the nonce: configuration and keys only, no text
    that a person entered.
    """
    view = View(view)
    entries = [entry for entry in layers_for(user) if layers is None or entry.key in layers]
    shown = SHOWN[view]
    canvas = MapCanvas(view={"view": str(view), **map_extent(), "maxZoom": 20})
    canvas.add_child(
        Basemap(
            {
                "url": "/tiles/basemap/{z}/{x}/{y}.mvt",
                "maxTileZoom": MAX_TILE_ZOOM,
                "areasNamed": areas_loaded(),
                "outside": settings.NCC_TILE_URL,
                "outsideAttribution": settings.NCC_TILE_ATTRIBUTION,
            }
        )
    )
    for entry in sorted(entries, key=lambda entry: entry.drawn_order):
        if entry.basemap and entry.key != "areas":
            continue
        options = layer_payload(entry)
        if shown is not None:
            options["shown"] = entry.key in shown
        canvas.add_child(LiveLayer(options) if entry.live else VectorTileLayer(options))
        if entry.sectors:
            canvas.add_child(CameraSectors({"layer": entry.key, "rangeMetres": 60}))
    canvas.add_child(Legend({"groups": {str(key): title for key, title in group_titles().items()}}))
    figure = canvas.get_root()
    figure.render()
    html = figure.html.render().replace("<div ", f'<div aria-label="{escape(_("Map"))}" ', 1)
    # Trusted: written by our own templates out of script-safe JSON, element names and the nonce.
    return MapParts(
        header=mark_safe(_tags(figure.header.render(), nonce)),  # noqa: S308
        html=mark_safe(html),  # noqa: S308
        script=mark_safe(_module(figure.script.render(), nonce)),  # noqa: S308
    )


def _tags(header: str, nonce: str) -> str:
    """The head's tags with the nonce; folium's own meta tag is the page's business."""
    header = re.sub(r"<meta[^>]*>", "", header)
    return re.sub(r"<(script|style|link)\b", rf'<\1 nonce="{escape(nonce)}"', header)


def _module(script: str, nonce: str) -> str:
    return (
        f'<script type="module" nonce="{escape(nonce)}">\n'
        'import * as ncc from "ncc/composition.js";\n'
        f"{script}\n"
        "ncc.finish();\n</script>"
    )
