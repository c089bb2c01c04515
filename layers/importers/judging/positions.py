"""From a row's geometry or coordinate columns to a geometry that may be stored, or a rejection."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from layers.errors import InvalidInput
from layers.importers.files.table import SourceRow, SourceTable
from layers.importers.files.vector import to_wgs84
from layers.importers.judging.columns import Mapping
from layers.importers.judging.report import Report
from layers.importers.judging.values import coordinate, is_blank, number
from layers.importers.kinds.spec import Shape

#: Repair (`--repair`) is tried up to this many vertices; beyond, it can take minutes.
MAX_REPAIR_VERTICES = 500
#: A position farther than this from the city, whose swapped twin is nearer than that, is swapped.
FAR_DEG, NEAR_DEG = 5.0, 1.5


@dataclass(frozen=True)
class Neighbourhood:
    """Where rows are expected: a box in degrees (west, south, east, north) and what it is."""

    west: float
    south: float
    east: float
    north: float
    name: str

    def distance_deg(self, lon: float, lat: float) -> float:
        """Degrees from the box, 0 inside: coarse, only to tell near from another part of the world."""
        return max(self.west - lon, lon - self.east, self.south - lat, lat - self.north, 0.0)


def geometries_from_table(
    table: SourceTable,
    mapping: Mapping,
    *,
    shape: Shape,
    required: bool,
    crs: str,
    repair: bool,
    near: Neighbourhood | None,
    report: Report,
) -> list[Any]:
    """One geometry a row in file order, None where there is none or the row was rejected.

    Points become Point, areas MultiPolygon, lines stay LineString or MultiLineString, all in
    WGS 84. Rows without a usable geometry are rejected where `required`.
    """
    if shape == "none":
        return [None] * len(table.rows)
    found = [_raw_geometry(row, mapping, report) for row in table.rows]
    if not table.has_geometry and crs:
        present = [index for index, geometry in enumerate(found) if geometry is not None]
        moved, _ = to_wgs84(np.array([found[index] for index in present], dtype=object), crs)
        for index, geometry in zip(present, moved, strict=True):
            found[index] = geometry
    where = _where(mapping)
    if near is None:
        near = _median_neighbourhood(found)
    result: list[Any] = []
    for row, geometry in zip(table.rows, found, strict=True):
        if row.number in report.rejected_rows:
            result.append(None)
            continue
        if geometry is None or geometry.is_empty:
            if required:
                report.reject(row.number, where, None, "no position")
            result.append(None)
            continue
        geometry = _in_range(row, geometry, where, near, mapping, report)
        if geometry is not None:
            geometry = _shaped(row, geometry, shape, repair, report)
        if geometry is not None and shape == "point" and table.has_geometry:
            _compare_columns(row, geometry, mapping, report)
        result.append(geometry)
    return result


def _where(mapping: Mapping) -> str:
    return mapping.wkt or mapping.pair or mapping.lat or "geometry"


def _raw_geometry(row: SourceRow, mapping: Mapping, report: Report) -> Any:
    if row.fault:
        report.reject(row.number, "geometry" if "geometry" in row.fault else "", None, row.fault)
        return None
    if row.geometry is not None:
        return row.geometry
    if mapping.lon and mapping.lat:
        lon, lat = row.values.get(mapping.lon), row.values.get(mapping.lat)
        if is_blank(lon) and is_blank(lat):
            return None
        numbers = []
        for header, value in ((mapping.lon, lon), (mapping.lat, lat)):
            if is_blank(value):
                report.reject(row.number, header, None, "no position: one coordinate is missing")
                return None
            try:
                numbers.append(coordinate(value))
            except ValueError as error:
                report.reject(row.number, header, str(value), f"a coordinate is {error}")
                return None
        return shapely.Point(numbers)
    if mapping.wkt and not is_blank(text := row.values.get(mapping.wkt)):
        return _from_text(row, mapping.wkt, text, report)
    if mapping.pair and not is_blank(text := row.values.get(mapping.pair)):
        return _from_pair(row, mapping.pair, text, report)
    return None


def _from_text(row: SourceRow, header: str, text: Any, report: Report) -> Any:
    try:
        if isinstance(text, dict):
            return shapely.geometry.shape(text)
        text = str(text).strip()
        if text.upper().startswith("SRID="):
            text = text.partition(";")[2]
        if text.startswith("{"):
            return shapely.force_2d(shapely.from_geojson(text))
        if re.match(r"^[0-9A-Fa-f]{20,}$", text):
            return shapely.force_2d(shapely.from_wkb(text))
        return shapely.force_2d(shapely.from_wkt(text))
    except (shapely.errors.ShapelyError, ValueError, KeyError, TypeError, IndexError):
        report.reject(row.number, header, str(text), "the geometry cannot be read")
        return None


def _from_pair(row: SourceRow, header: str, value: Any, report: Report) -> Any:
    """`-7.98, 112.63` is latitude first, as people write it; a JSON list is longitude first."""
    try:
        if isinstance(value, list):
            return shapely.Point(number(value[0]), number(value[1]))
        first, second = re.split(r"\s*[,;]\s*|\s+", str(value).strip().strip("()"))
        return shapely.Point(coordinate(second), coordinate(first))
    except (ValueError, IndexError, TypeError):
        report.reject(row.number, header, str(value), "not a pair of coordinates")
        return None


def _in_range(
    row: SourceRow,
    geometry: Any,
    where: str,
    near: Neighbourhood | None,
    mapping: Mapping,
    report: Report,
) -> Any:
    west, south, east, north = geometry.bounds
    if not np.isfinite([west, south, east, north]).all():
        report.reject(row.number, where, None, "the position cannot be transformed to WGS 84")
        return None
    lon, lat = (west + east) / 2, (south + north) / 2
    shown = f"{lon:.6f} {lat:.6f}"
    hint = "longitude and latitude look swapped: exchange the two columns"
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        swapped = max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180
        if max(abs(west), abs(east), abs(south), abs(north)) > 1_000:
            reason = "not degrees: metres or feet of another coordinate system, name it with --crs"
        else:
            reason = f"out of range; {hint}" if swapped else "out of range for degrees"
        report.reject(row.number, where, shown, reason)
        return None
    if geometry.geom_type == "Point" and lon == 0 and lat == 0:
        report.reject(row.number, where, shown, "0, 0 is no position: the source had none")
        return None
    if (
        near is not None
        and abs(lon) <= 90
        and near.distance_deg(lon, lat) > FAR_DEG
        and near.distance_deg(lat, lon) <= NEAR_DEG
    ):
        report.reject(
            row.number, where, shown, f"far from {near.name}, but exchanged it lies there; {hint}"
        )
        return None
    return geometry


def _median_neighbourhood(geometries: list[Any]) -> Neighbourhood | None:
    """Where most of the file lies, when no area is loaded that says so."""
    bounds = shapely.bounds(np.array([g for g in geometries if g is not None], dtype=object))
    bounds = bounds[np.isfinite(bounds).all(axis=1)] if len(bounds) else bounds
    if len(bounds) < 3:
        return None
    lon = float(np.median((bounds[:, 0] + bounds[:, 2]) / 2))
    lat = float(np.median((bounds[:, 1] + bounds[:, 3]) / 2))
    return Neighbourhood(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5, "the rest of the file")


def _shaped(row: SourceRow, geometry: Any, shape: Shape, repair: bool, report: Report) -> Any:
    kind = geometry.geom_type
    if shape == "point":
        if kind == "MultiPoint" and len(geometry.geoms) == 1:
            return geometry.geoms[0]
        if kind == "Point":
            return geometry
        if kind in {"Polygon", "MultiPolygon", "LineString", "MultiLineString"}:
            if not geometry.is_valid:
                return _invalid(row, geometry, report)
            report.warn(
                row.number, "geometry", kind, f"a {kind} where a point is expected: a point on it is used",
                kind="point made from a larger geometry",
            )  # fmt: skip
            return geometry.representative_point()
    elif shape == "line":
        if kind in {"LineString", "MultiLineString"}:
            return geometry
    elif shape == "polygon":
        if kind in {"Polygon", "MultiPolygon", "GeometryCollection"}:
            if not geometry.is_valid:
                geometry = (
                    _repaired(row, geometry, report) if repair else _invalid(row, geometry, report)
                )
            return None if geometry is None else _multipolygon(row, geometry, report)
    else:
        return geometry if geometry.is_valid else _invalid(row, geometry, report)
    report.reject(row.number, "geometry", kind, f"a {kind} where a {shape} is expected")
    return None


def _invalid(row: SourceRow, geometry: Any, report: Report) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason = shapely.is_valid_reason(geometry)
    report.reject(
        row.number, "geometry", reason,
        f"invalid geometry ({reason}); mend it in the source, or try --repair (up to {MAX_REPAIR_VERTICES} vertices)",
    )  # fmt: skip
    return None


def _repaired(row: SourceRow, geometry: Any, report: Report) -> Any:
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > MAX_REPAIR_VERTICES:
        report.reject(
            row.number, "geometry", vertices,
            f"invalid geometry of {vertices} vertices; repair is tried up to {MAX_REPAIR_VERTICES}",
        )  # fmt: skip
        return None
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    report.warn(
        row.number, "geometry", None, "the invalid geometry was repaired", kind="geometry repaired"
    )
    return mended


def _multipolygon(row: SourceRow, geometry: Any, report: Report) -> Any:
    parts = [
        part
        for part in shapely.get_parts(geometry)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    parts += [
        inner
        for part in shapely.get_parts(geometry)
        if part.geom_type == "MultiPolygon"
        for inner in part.geoms
    ]
    if not parts:
        report.reject(row.number, "geometry", geometry.geom_type, "no area in the geometry")
        return None
    return shapely.MultiPolygon(parts)


def _compare_columns(row: SourceRow, point: Any, mapping: Mapping, report: Report) -> None:
    """The geometry wins over coordinate columns; columns that disagree are named."""
    if not (mapping.lon and mapping.lat):
        return
    try:
        lon, lat = number(row.values.get(mapping.lon)), number(row.values.get(mapping.lat))
    except (ValueError, InvalidInput):
        return
    if max(abs(lon - point.x), abs(lat - point.y)) < 1e-3:
        return
    shown = f"{mapping.lon}={lon:g} {mapping.lat}={lat:g}"
    if max(abs(lon - point.y), abs(lat - point.x)) < 1e-3:
        report.warn(
            row.number, mapping.lat, shown,
            f"columns {mapping.lat} and {mapping.lon} are swapped; the geometry is right and was used",
            kind="swapped coordinate columns",
        )  # fmt: skip
    elif abs(lon) <= 180 and abs(lat) <= 90:
        report.warn(
            row.number, mapping.lat, shown, "coordinate columns and geometry disagree; the geometry was used",
            kind="coordinate columns disagree",
        )  # fmt: skip
