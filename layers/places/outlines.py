"""Outlines of areas, light enough to colour a map by."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import F, Func, QuerySet

#: Vertices nearer to their chord than this (degrees, about 11 m) are left out of an outline.
SIMPLIFY_DEG = 0.0001


class _Simplified(Func):
    function = "ST_SimplifyPreserveTopology"


def area_outlines(areas: QuerySet[Any]) -> dict[str, Any]:
    """GeoJSON FeatureCollection of areas, EPSG:4326, simplified to `SIMPLIFY_DEG`; `id` is the code."""
    field = areas.model._meta.get_field("geom")
    rows = (
        areas.annotate(shape=AsGeoJSON(_Simplified(F("geom"), SIMPLIFY_DEG, output_field=field), precision=5))
        .order_by("code")
        .values_list("code", "name", "level", "shape")
    )  # fmt: skip
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature", "id": code, "properties": {"code": code, "name": name, "level": level},
                "geometry": json.loads(shape),
            }
            for code, name, level, shape in rows
        ],
    }  # fmt: skip
