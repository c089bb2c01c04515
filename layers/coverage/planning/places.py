"""Reading the places a plan must or must not build at, out of GeoJSON files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from numpy.typing import NDArray

from layers.errors import HostileInput, InvalidInput

#: Most places a file may hold.
MOST_PLACES = 10_000


def required_places(path: str | Path) -> NDArray[np.float64]:
    """(n, 2) degrees of the points of a GeoJSON file; `InvalidInput` for anything but points."""
    shapes = _shapes(Path(path), {"Point", "MultiPoint"}, "points where a site must be built")
    return shapely.get_coordinates(shapes).reshape(-1, 2)


def forbidden_places(path: str | Path) -> NDArray[np.object_]:
    """Polygons of a GeoJSON file, in degrees; `InvalidInput` for anything but valid polygons."""
    shapes = _shapes(Path(path), {"Polygon", "MultiPolygon"}, "polygons where no site may stand")
    bad = np.flatnonzero(~shapely.is_valid(shapes))
    if len(bad):
        reason = shapely.is_valid_reason(shapes[bad[0]])
        raise InvalidInput(
            f"polygon {bad[0] + 1} is not valid: {reason}",
            value=int(bad[0]) + 1,
            where=Path(path).name,
            remedy="mend its outline, for instance in QGIS with Fix geometries",
        )
    return shapes


def _shapes(path: Path, kinds: set[str], wanted: str) -> NDArray[np.object_]:
    if path.stat().st_size > settings.NCC_IMPORT_MAX_BYTES:
        raise HostileInput(
            f"the file has {path.stat().st_size:,} bytes",
            where=path.name,
            remedy="raise NCC_IMPORT_MAX_MB or cut the file",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "the file is not GeoJSON", where=path.name, remedy=f"give GeoJSON with {wanted}"
        ) from error
    _check_crs(document, path.name)
    found = []
    for number, geometry in enumerate(_geometries(document, path.name), start=1):
        where = f"{path.name}, feature {number}"
        if not isinstance(geometry, dict) or geometry.get("type") not in kinds:
            kind = geometry.get("type") if isinstance(geometry, dict) else geometry
            raise InvalidInput(
                f"a geometry is {kind!r}", value=kind, where=where, remedy=f"give {wanted}"
            )
        found.append(_shape(geometry, where))
    return np.array(found, dtype=object)


def _geometries(document: Any, name: str) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        features = document["features"]
    elif kind == "Feature":
        features = [document]
    elif kind == "GeometryCollection" and isinstance(document.get("geometries"), list):
        return list(document["geometries"])
    elif isinstance(kind, str) and "coordinates" in document:
        return [document]
    else:
        raise InvalidInput(
            "the file is not GeoJSON", where=name, remedy="give a FeatureCollection in WGS 84"
        )
    if len(features) > MOST_PLACES:
        raise HostileInput(
            f"{len(features):,} features", where=name, remedy=f"at most {MOST_PLACES:,}"
        )
    return [item.get("geometry") if isinstance(item, dict) else item for item in features]


def _check_crs(document: Any, name: str) -> None:
    crs = document.get("crs") if isinstance(document, dict) else None
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    stated = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if not stated.endswith(("CRS84", ":4326")):
        raise InvalidInput(
            f"the file is in {stated or 'another coordinate system'}",
            value=stated,
            where=name,
            remedy="give longitude and latitude in WGS 84 degrees",
        )


def _shape(geometry: dict[str, Any], where: str) -> Any:
    try:
        shape = shapely.from_geojson(
            json.dumps({"type": geometry["type"], "coordinates": geometry["coordinates"]})
        )
    except (KeyError, TypeError, ValueError, shapely.GEOSException) as error:
        raise InvalidInput("a geometry cannot be read", where=where) from error
    coordinates = shapely.get_coordinates(shape)
    if not len(coordinates):
        raise InvalidInput("a geometry is empty", where=where, remedy="leave it out")
    for lon, lat in coordinates.tolist():
        if math.isfinite(lon + lat) and abs(lon) <= 180 and abs(lat) <= 90:
            continue
        swapped = math.isfinite(lon + lat) and abs(lat) <= 180 and abs(lon) <= 90
        raise InvalidInput(
            f"longitude {lon}, latitude {lat} is out of range",
            value=(lon, lat),
            where=where,
            remedy="longitude and latitude look swapped: give longitude first"
            if swapped
            else "give longitude and latitude in WGS 84 degrees",
        )
    return shape
