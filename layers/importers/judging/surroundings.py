"""Checks of rows against each other and against the areas that are loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from layers.geo.crs import GEOD, geodesic_m
from layers.importers.judging.positions import Neighbourhood
from layers.importers.judging.report import Report
from layers.importers.judging.values import is_blank, normalised
from layers.places.models import Area

#: More pairs than this are counted, not listed.
MAX_PAIRS = 20_000


@dataclass
class Areas:
    """Outlines of the loaded areas of one level, with an index."""

    names: list[str]
    ids: list[int]
    shapes: Any
    tree: Any

    def holding(self, points: Any) -> Any:
        """Index of the area that holds each point (boundary included), -1 where none does."""
        result = np.full(len(points), -1, dtype=np.int64)
        if len(self.names) and len(points):
            point_index, area_index = self.tree.query(points, predicate="intersects")
            order = np.argsort(-area_index, kind="stable")
            result[point_index[order]] = area_index[order]
        return result


def areas_of_level(level: str) -> Areas:
    """The areas of one level (`kota`, `kecamatan`, `kelurahan`) that are loaded."""
    rows = list(Area.objects.filter(level=level).order_by("code"))
    shapes = shapely.from_wkb(np.array([bytes(row.geom.wkb) for row in rows], dtype=object))
    return Areas(
        [row.name for row in rows], [row.pk for row in rows], shapes, shapely.STRtree(shapes)
    )


def city_neighbourhood() -> Neighbourhood | None:
    """The box around all loaded areas, or None where none is loaded."""
    from django.contrib.gis.db.models import Extent

    extent = Area.objects.aggregate(box=Extent("geom"))["box"]
    if not extent:
        return None
    west, south, east, north = extent
    return Neighbourhood(west, south, east, north, "the city")


def warn_about_places(
    points: list[tuple[int, Any, Any]], *, label_header: str, report: Report
) -> None:
    """Warns of points outside the city and of kecamatan labels that disagree with the position.

    `points` are (row, shapely point, label or None). The position wins; a label such as `Unknown`
    is named as well.
    """
    if not points:
        return
    geometries = np.array([point for _, point, _ in points], dtype=object)
    cities, districts = areas_of_level(Area.Level.CITY), areas_of_level(Area.Level.DISTRICT)
    around = cities if cities.names else districts
    inside = around.holding(geometries)
    district = districts.holding(geometries)
    for index, (row, point, label) in enumerate(points):
        if around.names and inside[index] < 0:
            report.warn(
                row, "geometry", f"{point.x:.6f} {point.y:.6f}",
                f"outside {' and '.join(around.names[:3]) if around is cities else 'the city'}",
                kind="outside the city",
            )  # fmt: skip
        if is_blank(label):
            continue
        text = str(label)
        if normalised(text) in {"unknown", "tidakdiketahui", "none", "na", "lainnya"}:
            report.warn(
                row,
                label_header,
                text,
                "the source does not know the kecamatan",
                kind="kecamatan unknown",
            )
            continue
        if district[index] >= 0:
            there = districts.names[district[index]]
            if _district_name(text) != _district_name(there):
                report.warn(
                    row, label_header, text,
                    f"the position lies in {there}; the position wins",
                    kind="kecamatan disagrees with the position",
                )  # fmt: skip


def _district_name(text: str) -> str:
    return normalised(re.sub(r"^\s*(kec(amatan)?|district)\b\.?", "", text, flags=re.IGNORECASE))


def warn_about_names(named: list[tuple[int, str, Any]], *, header: str, report: Report) -> None:
    """Warns of each row whose name an earlier row has, with the distance between the two."""
    first: dict[str, tuple[int, Any]] = {}
    for row, name, point in named:
        if not name:
            continue
        if name not in first:
            first[name] = (row, point)
            continue
        earlier, there = first[name]
        far = ""
        if point is not None and there is not None:
            far = f", {geodesic_m(point.x, point.y, there.x, there.y):.0f} m away"
        report.warn(
            row, header, name, f"row {earlier} has the same name{far}", kind="repeated name"
        )


def _geocentric_m(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) earth-centred metres on the WGS 84 ellipsoid: chords of metres equal distances there,
    wherever on earth the rows lie."""
    lon, lat = np.radians(lonlat).T
    radius_m = GEOD.a / np.sqrt(1 - GEOD.es * np.sin(lat) ** 2)
    level_m = radius_m * np.cos(lat)
    return np.column_stack(
        [level_m * np.cos(lon), level_m * np.sin(lon), radius_m * (1 - GEOD.es) * np.sin(lat)]
    )


def warn_about_pairs(
    points: list[tuple[int, str, Any, str]], *, within_m: float, report: Report
) -> None:
    """Warns of each pair of points less than `within_m` apart, at its later row.

    `points` are (row, name, shapely point, group): two of one stated group (a site) belong together.
    """
    if len(points) < 2:
        return
    tree = cKDTree(_geocentric_m(np.array([(point.x, point.y) for _, _, point, _ in points])))
    kind = f"pair under {within_m:g} m"
    count = (int(tree.count_neighbors(tree, within_m)) - len(points)) // 2
    if count > MAX_PAIRS:
        report.counts[kind] += count
        report.warn(
            None, "geometry", count, f"{count} pairs of rows lie less than {within_m:g} m apart",
            kind="too many pairs to list",
        )  # fmt: skip
        return
    pairs = tree.query_pairs(within_m * 1.001, output_type="ndarray")
    for one, two in sorted((int(a), int(b)) for a, b in pairs):
        row, _, point, group = points[two]
        other, name, there, other_group = points[one]
        if group and group == other_group:
            continue
        distance_m = geodesic_m(point.x, point.y, there.x, there.y)
        if distance_m < within_m:
            report.warn(
                row, "geometry", round(distance_m, 2),
                f"{distance_m:.1f} m from row {other} ({name}): the same thing twice, or two on one pole",
                kind=kind,
            )  # fmt: skip
