"""A geometry in a form: the map beside it, and what is refused before it reaches the database."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.forms.widgets import BaseGeometryWidget
from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiLineString, MultiPolygon
from django.core.exceptions import ValidationError
from django.forms import Media, Script
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext as _

from layers.catalog.payload import MAX_TILE_ZOOM
from layers.maps.extent import city_bounds

#: Longer text is not read: a city's outline with 40,000 vertices takes about a third of it.
MAX_TEXT = 4_000_000
#: More vertices than this come by import, not by a form.
MAX_VERTICES = 50_000


def _bare(shape: Any, depth: int = 0) -> dict[str, Any]:
    """Type and coordinates of a GeoJSON geometry and nothing else it may carry."""
    if not isinstance(shape, dict) or depth > 3:
        raise ValueError("not a GeoJSON geometry")
    if shape.get("type") == "Feature":
        return _bare(shape.get("geometry"), depth + 1)
    if "geometries" in shape:
        inner = [_bare(part, depth + 1) for part in shape["geometries"]]
        return {"type": shape.get("type"), "geometries": inner}
    return {"type": shape.get("type"), "coordinates": shape.get("coordinates")}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a coordinate")


class MapWidget(BaseGeometryWidget):
    """A geometry on our own map: points by click, keyboard or numbers, other shapes as GeoJSON."""

    template_name = "layers/admin/map_widget.html"
    map_srid = 4326

    def serialize(self, value: Any) -> str:
        return value.geojson if value else ""

    def deserialize(self, value: Any) -> GEOSGeometry | None:
        """GeoJSON to a geometry in WGS 84; None for anything else. A crs member is not followed."""
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            return None
        try:
            shape = _bare(json.loads(value, parse_constant=_refuse_constant))
            geometry = GEOSGeometry(json.dumps(shape), srid=self.map_srid)
        except (GEOSException, GDALException, ValueError, TypeError, RecursionError):
            return None
        wanted = str(self.attrs.get("geom_type", "")).upper()
        if wanted == "MULTIPOLYGON" and geometry.geom_type == "Polygon":
            return MultiPolygon(geometry, srid=self.map_srid)
        if wanted == "MULTILINESTRING" and geometry.geom_type == "LineString":
            return MultiLineString(geometry, srid=self.map_srid)
        return geometry

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        # The project's templates, which Django's own renderer of forms does not look into.
        return super().render(name, value, attrs, TemplatesSetting())

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if isinstance(value, str):
            # What was refused is shown again as it was typed.
            context["serialized"] = value
        context["bounds"] = json.dumps(city_bounds())
        context["max_tile_zoom"] = MAX_TILE_ZOOM
        return context

    @property
    def media(self) -> Media:
        return Media(
            css={"all": ["vendor/leaflet/leaflet.css", "layers/css/admin-map.css"]},
            js=[
                "vendor/leaflet/leaflet.js",
                "vendor/protomaps-leaflet/protomaps-leaflet.js",
                Script("layers/js/admin-map.js", type="module"),  # type: ignore[list-item]
            ],
        )


def check_geometry(geometry: GEOSGeometry) -> None:
    """Refuses what cannot be a place on Earth, and shapes that cross themselves, in milliseconds."""
    west, south, east, north = geometry.extent
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        if max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180:
            raise ValidationError(
                _("Longitude and latitude seem to be swapped: write longitude first.")
            )
        raise ValidationError(
            _("Coordinates are degrees: longitude −180 to 180, latitude −90 to 90.")
        )
    if geometry.num_coords > MAX_VERTICES:
        raise ValidationError(
            _("The shape has %(count)d vertices; more than %(limit)d come by import.")
            % {"count": geometry.num_coords, "limit": MAX_VERTICES}
        )
    if not geometry.valid:
        raise ValidationError(
            _("The shape is not valid (%(reason)s): its lines must not cross each other.")
            % {"reason": geometry.valid_reason}
        )
