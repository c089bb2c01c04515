"""Writing a layer to a file, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import models

from layers.errors import InvalidInput
from layers.exporters import formats
from layers.exporters.layers import ExportedLayer, exported_layer

WRITERS = {
    ".geojson": formats.write_geojson,
    ".gpkg": formats.write_geopackage,
    ".csv": formats.write_csv,
    ".xlsx": formats.write_xlsx,
    ".zip": formats.write_zipped_shapefile,
}


@dataclass
class Sheet:
    """A layer as it is written: headers, one list of values a column, one geometry a row."""

    name: str
    headers: list[str]
    columns: list[list[Any]]
    geometries: Any
    geometry_type: str


def layer_export(
    layer_name: str,
    path: str | Path,
    *,
    with_secrets: bool = False,
    rows: models.QuerySet[Any] | None = None,
) -> dict[str, Any]:
    """Writes all rows of a layer, or `rows` of its model, in the format the extension names.

    Coordinates are WGS 84 longitude latitude. Stream addresses and callers are left out unless
    `with_secrets`. Text that a spreadsheet would run as a formula is written with an apostrophe
    before it in CSV and XLSX, which the importer takes off again. Returns `{"features", "path"}`.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise InvalidInput(
            f"files ending in {target.suffix or 'nothing'} are not written", where=target.name,
            remedy=f"choose one of {' '.join(WRITERS)}",
        )  # fmt: skip
    if not target.parent.is_dir() or target.is_dir():
        raise InvalidInput(
            "there is no such folder", where=str(target), remedy="make the folder first"
        )
    layer = exported_layer(layer_name)
    sheet = _sheet(layer_name, layer, with_secrets=with_secrets, rows=rows)
    if not layer.geometry and target.suffix.lower() in {".geojson", ".gpkg", ".zip"}:
        raise InvalidInput(
            f"{layer_name} has no geometry", where=target.name, remedy="write it to .csv or .xlsx"
        )
    with tempfile.TemporaryDirectory(prefix=".ncc-export-", dir=target.parent) as folder:
        made = Path(folder) / f"{layer_name}{target.suffix.lower()}"
        writer(sheet, made)
        os.replace(made, target)
    return {"features": len(sheet.geometries), "path": str(target), "layer": layer_name}


def _sheet(
    name: str, layer: ExportedLayer, *, with_secrets: bool, rows: models.QuerySet[Any] | None
) -> Sheet:
    declared = layer.columns + (layer.secret if with_secrets else ())
    paths = [path for _, path in declared]
    extra = (["attributes"] if layer.has_attributes else []) + (
        [layer.geometry] if layer.geometry else []
    )
    if layer.key:
        extra += ["osm_id"] + (["osm_kind"] if _has(layer.model, "osm_kind") else [])
    query = (layer.model._default_manager.all() if rows is None else rows).order_by("pk")
    columns: list[list[Any]] = [[] for _ in paths]
    attributes: list[dict[str, Any]] = []
    wkb: list[bytes | None] = []
    keys: list[tuple[Any, ...]] = []
    for values in query.values_list(*paths, *extra).iterator(chunk_size=5_000):
        for column, value in zip(columns, values, strict=False):
            column.append(_plain(value))
        rest = list(values[len(paths) :])
        attributes.append((rest.pop(0) or {}) if layer.has_attributes else {})
        shape = rest.pop(0) if layer.geometry else None
        wkb.append(None if shape is None else bytes(shape.wkb))
        keys.append(tuple(rest))
    geometries = (
        shapely.from_wkb(np.array(wkb, dtype=object)) if wkb else np.array([], dtype=object)
    )
    if layer.key:
        columns[0] = [
            key or _made_key(parts, geometry)
            for key, parts, geometry in zip(columns[0], keys, geometries, strict=True)
        ]
    headers = [header for header, _ in declared]
    _add_attributes(headers, columns, attributes)
    return Sheet(name, headers, columns, geometries, layer.geometry_type if layer.geometry else "")


def _has(model: type[models.Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


def _made_key(parts: tuple[Any, ...], geometry: Any) -> str:
    """Key of a row without one: its OpenStreetMap id, or the digest of its vertices to 1e-7°."""
    if parts and parts[0] is not None:
        kind = parts[1] if len(parts) > 1 and parts[1] else "w"
        return f"osm:{kind}{parts[0]}"
    digest = hashlib.blake2b(digest_size=10)
    digest.update(geometry.geom_type.encode())
    digest.update(np.round(shapely.get_coordinates(geometry) * 1e7).astype(np.int64).tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    return value


def _add_attributes(
    headers: list[str], columns: list[list[Any]], attributes: list[dict[str, Any]]
) -> None:
    """Columns for the kept attributes; one that a column already goes by fills that one's blanks."""
    names: dict[str, None] = {}
    for row in attributes:
        names.update(dict.fromkeys(row))
    taken = {header.casefold(): index for index, header in enumerate(headers)}
    for name in names:
        values = [row.get(name) for row in attributes]
        values = [
            json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
            for value in values
        ]
        index = taken.get(name.casefold())
        if index is not None:
            columns[index] = [
                attribute if there in (None, "") else there
                for there, attribute in zip(columns[index], values, strict=True)
            ]
            continue
        taken[name.casefold()] = len(headers)
        headers.append(name)
        columns.append(values)
