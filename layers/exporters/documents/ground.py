"""The ground under a plan's map: outlines of kelurahan and kecamatan, and streets, out of the database."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import Polygon

from layers.coverage.plans.models import Plan
from layers.network.models import Road
from layers.places.models import Area

#: Most streets one map draws; beyond it the smaller classes are left out.
MOST_STREETS = 12_000
_CLASSES = (
    ("motorway", 0), ("trunk", 0), ("primary", 1), ("secondary", 2), ("tertiary", 3),
)  # fmt: skip
#: Rank of a class that is not listed: residential and smaller streets.
SMALL = 4
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Street:
    """A line in degrees with its rank: 0 the largest, `SMALL` the smallest."""

    rank: int
    line: Any


@dataclass(frozen=True)
class Outline:
    """An area in degrees."""

    name: str
    level: str
    code: str
    shape: Any


def padded(bounds: Bounds, share: float = 0.04, least_deg: float = 0.002) -> Bounds:
    """Bounds with a margin, so that nothing lies on the frame."""
    west, south, east, north = bounds
    dx, dy = max((east - west) * share, least_deg), max((north - south) * share, least_deg)
    return west - dx, south - dy, east + dx, north + dy


def fitted(bounds: Bounds, *, width: float, height: float) -> Bounds:
    """Bounds widened or heightened about their middle until they fill a sheet of these sides."""
    west, south, east, north = bounds
    squeeze = math.cos(math.radians((south + north) / 2))
    span_x, span_y = (east - west) * squeeze, north - south
    more_x = max(0.0, span_y * width / height - span_x) / 2 / squeeze
    more_y = max(0.0, span_x * height / width - span_y) / 2
    return west - more_x, south - more_y, east + more_x, north + more_y


def bounds_of_points(points: list[tuple[float, float]]) -> Bounds | None:
    """West, south, east, north of points; None without any."""
    if not points:
        return None
    xy = np.array(points)
    return float(xy[:, 0].min()), float(xy[:, 1].min()), float(xy[:, 0].max()), float(xy[:, 1].max())  # fmt: skip


def bounds_of_plan(plan: Plan) -> Bounds:
    """What the overview shows: the plan's area, else every area its sites lie in, and the sites."""
    points = [(site.geom.x, site.geom.y) for site in plan.sites.all()]
    boxes: list[Any] = [bounds_of_points(points)]
    if plan.area is not None:
        boxes.append(tuple(plan.area.geom.extent))
    elif points:
        west, south, east, north = boxes[0]
        box = Polygon.from_bbox((west, south, east, north))
        top = Area.objects.filter(level=Area.Level.DISTRICT, geom__intersects=box)
        boxes += [tuple(area.geom.extent) for area in top]
    known: list[Any] = [box for box in boxes if box is not None]
    if not known:
        extents = [tuple(area.geom.extent) for area in Area.objects.all()[:50]]
        known = extents or [(112.58, -8.05, 112.70, -7.91)]
    table = np.array(known)
    return padded(
        (table[:, 0].min(), table[:, 1].min(), table[:, 2].max(), table[:, 3].max()), 0.02
    )


def outlines_in(bounds: Bounds, *, levels: tuple[str, ...], tolerance_deg: float) -> list[Outline]:
    """Areas of the levels that touch the bounds, thinned to the map's scale and cut at its frame."""
    rows = Area.objects.filter(
        level__in=levels, geom__bboverlaps=Polygon.from_bbox(bounds)
    ).order_by("code")
    return [
        Outline(row.name, row.level, row.code, shape)
        for row in rows
        if not (shape := _cut(shapely.from_wkb(bytes(row.geom.wkb)), bounds, tolerance_deg)).is_empty
    ]  # fmt: skip


def streets_in(bounds: Bounds, *, most_rank: int, tolerance_deg: float) -> list[Street]:
    """Streets up to a rank that touch the bounds, smallest first so that large ones are drawn last."""
    known = dict(_CLASSES)
    rows = Road.objects.filter(geom__bboverlaps=Polygon.from_bbox(bounds))
    if most_rank < SMALL:
        rows = rows.filter(road_class__in=[name for name, rank in _CLASSES if rank <= most_rank])
    if rows.count() > MOST_STREETS:
        rows = rows.filter(road_class__in=list(known))
    found = [
        Street(known.get(road_class, SMALL), line)
        for road_class, geom in rows.order_by("pk").values_list("road_class", "geom")[:MOST_STREETS]
        if not (line := _cut(shapely.from_wkb(bytes(geom.wkb)), bounds, tolerance_deg)).is_empty
    ]
    return sorted(found, key=lambda street: -street.rank)


def _cut(shape: Any, bounds: Bounds, tolerance_deg: float) -> Any:
    return shapely.clip_by_rect(shapely.simplify(shape, tolerance_deg), *bounds)
