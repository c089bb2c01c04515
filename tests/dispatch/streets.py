"""Streets drawn by hand around a corner of Malang, joined where their coordinates are equal."""

from __future__ import annotations

from django.contrib.gis.geos import LineString

from layers.network.models import Road

LON, LAT = 112.63, -7.98


def road(name: str, *points: tuple[float, float], **fields: object) -> Road:
    """A street with node ids, so that streets with equal coordinates are joined."""
    fields.setdefault("road_class", "residential")
    ids = [round((lon + 200) * 1e6) * 10**9 + round((lat + 100) * 1e6) for lon, lat in points]
    return Road.objects.create(
        name=name,
        geom=LineString(points, srid=4326),
        node_ids=ids,
        osm_id=abs(hash(name)) % 10**9,
        **fields,
    )
