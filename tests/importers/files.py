"""Small files for the tests, written with nothing of the product."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any


def geojson(path: Path, features: list[tuple[dict[str, Any], Any]], **members: Any) -> Path:
    """A FeatureCollection of (properties, GeoJSON geometry or None)."""
    document = {
        "type": "FeatureCollection",
        **members,
        "features": [
            {"type": "Feature", "properties": properties, "geometry": geometry}
            for properties, geometry in features
        ],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def square(lon: float, lat: float, side: float = 0.01) -> dict[str, Any]:
    ring = [
        [lon, lat],
        [lon + side, lat],
        [lon + side, lat + side],
        [lon, lat + side],
        [lon, lat],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def table(
    path: Path, rows: list[dict[str, Any]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    """A CSV file of dictionaries."""
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of names and contents, names as given."""
    with zipfile.ZipFile(path, "w", compression) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path
