"""Readers of files that hold geometries: GeoJSON, GeoPackage, shapefile, KML."""

from __future__ import annotations

import json
import mmap
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pyproj
import shapely
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from layers.errors import HostileInput, InvalidInput
from layers.importers.files.archives import (
    shapefile_members,
    shapefiles_to_choose,
    unpack_member,
)
from layers.importers.files.table import MAX_ROWS, SourceRow, SourceTable, unique_headers

pyproj.network.set_network_enabled(False)
WGS84 = pyproj.CRS.from_epsg(4326)

#: The member name "crs" in every spelling JSON allows, escapes included.
_CRS_MEMBER = re.compile(rb'"(?:c|\\u0063)(?:r|\\u0072)(?:s|\\u0073)"\s*:\s*', re.IGNORECASE)
_CRS_NAME = re.compile(
    r"^(urn:ogc:def:crs:(?:OGC|EPSG):[\w.]*:\w+|EPSG:\d+|CRS:84|OGC:CRS84)$", re.I
)
_NO_CRS = "give it with --crs, for instance --crs EPSG:32749"


def read_geojson(path: Path, *, crs: str = "") -> SourceTable:
    """A GeoJSON file; a `crs` member that points elsewhere is refused before anything opens it."""
    _check_geojson_crs(path)
    return _read_with_gdal(path, layer=None, crs=crs, default_crs="OGC:CRS84", DATE_AS_STRING="YES")


def read_geopackage(path: Path, *, crs: str = "", sublayer: str = "") -> SourceTable:
    """One feature table of a GeoPackage: the named one, or the only one."""
    names = _geopackage_tables(path)
    wanted = [name for name in names if name.casefold() == sublayer.casefold()] or names
    if len(wanted) != 1:
        raise InvalidInput(
            f"the GeoPackage holds {len(names)} layers: {', '.join(names)}",
            value=names,
            remedy="choose one with --sublayer NAME",
        )
    return _read_with_gdal(path, layer=wanted[0], crs=crs, default_crs="", IMMUTABLE="YES")


def read_zipped_shapefile(
    archive: zipfile.ZipFile, folder: Path, *, crs: str = "", sublayer: str = "", shape: str = "any"
) -> SourceTable:
    """The shapefile of a checked archive, unpacked under our own name into `folder`.

    Of several, those of the wanted shape (`point`, `line`, `polygon`) are read one after the other
    when they have the same columns: a layer that was cut into files. Otherwise one must be named.
    """
    members, left = shapefile_members(archive, sublayer=sublayer, shape=shape)
    if len(members) > 1 and shape not in {"point", "line", "polygon"}:
        raise shapefiles_to_choose([name for name, _parts in members])
    tables = [
        _read_shapefile(archive, folder / f"layer{number}", name, parts, crs=crs)
        for number, (name, parts) in enumerate(members)
    ]
    whole, *rest = tables
    if any(table.columns != whole.columns for table in rest):
        raise shapefiles_to_choose([name for name, _parts in members])
    read = [f"read {name}.shp from the archive" for name, _parts in members]
    whole.remarks.insert(0, f"{read[0]}: rows 1 to {len(whole.rows)}" if rest else read[0])
    for told, table in zip(read[1:], rest, strict=True):
        first = len(whole.rows)
        for row in table.rows:
            row.number += first
        whole.rows += table.rows
        whole.remarks.append(f"{told}: rows {first + 1} to {len(whole.rows)}")
        whole.remarks += [remark for remark in table.remarks if remark not in whole.remarks]
    if left and not sublayer:
        whole.remarks.append(f"left out, no {shape}s: {', '.join(f'{name}.shp' for name in left)}")
    return whole


def _read_shapefile(
    archive: zipfile.ZipFile, folder: Path, name: str, parts: dict[str, Any], *, crs: str
) -> SourceTable:
    folder.mkdir()
    for extension, member in parts.items():
        unpack_member(archive, member, folder / f"layer.{extension}")
    projection = folder / "layer.prj"
    if projection.exists():
        text = projection.read_text(encoding="utf-8", errors="replace")
        grids = re.findall(r"nadgrids\s*=\s*([^\s\"]+)", text, re.IGNORECASE)
        if any(grid != "@null" for grid in grids) or len(text) > 20_000:
            raise HostileInput(
                "the .prj part asks for another file", where=f"{name}.prj", remedy=_NO_CRS
            )
    elif not crs:
        raise InvalidInput(
            "the shapefile has no .prj part, so its coordinate system is unknown",
            where=f"{name}.shp",
            remedy=_NO_CRS,
        )
    return _read_with_gdal(folder / "layer.shp", layer=None, crs=crs, default_crs="")


def to_wgs84(geometries: np.ndarray, crs: str) -> tuple[np.ndarray, str]:
    """Shapely geometries in WGS 84 longitude latitude, and the name of what they were moved from
    ("" where they were not).

    Only the horizontal part of a compound CRS counts. Raises `InvalidInput` for an unknown CRS.
    """
    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise InvalidInput(
            f"{crs[:60]!r} is not a known coordinate system", value=crs[:60], remedy=_NO_CRS
        ) from error
    if system.is_compound:
        system = system.sub_crs_list[0]
    system = system.to_2d()
    if system.equals(WGS84, ignore_axis_order=True) or system.to_authority() == ("OGC", "CRS84"):
        return geometries, ""
    transformer = pyproj.Transformer.from_crs(system, WGS84, always_xy=True)

    def move(points: np.ndarray) -> np.ndarray:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return shapely.transform(geometries, move), system.name


def _check_geojson_crs(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        for number, match in enumerate(_CRS_MEMBER.finditer(view)):
            if number > 10_000:
                raise HostileInput("thousands of crs members", remedy="remove them from the file")
            window = view[match.end() : match.end() + 20_000].decode("utf-8", errors="replace")
            if not window.startswith("{"):
                continue  # a column that happens to be called crs, or null
            try:
                member, _ = json.JSONDecoder().raw_decode(window)
            except (ValueError, RecursionError) as error:
                raise HostileInput("the crs member cannot be read", remedy=_NO_CRS) from error
            properties = member.get("properties")
            name = properties.get("name") if isinstance(properties, dict) else None
            if (
                member.get("type") != "name"
                or not isinstance(name, str)
                or set(properties) != {"name"}
            ):
                raise HostileInput(
                    "the crs member points to another file or address",
                    value=str(member)[:120],
                    where="crs",
                    remedy=f"remove it from the file; {_NO_CRS}",
                )
            if not _CRS_NAME.match(name.strip()):
                raise InvalidInput(
                    f"the crs {name[:60]!r} is not a known name", where="crs", remedy=_NO_CRS
                )


def _geopackage_tables(path: Path) -> list[str]:
    """Feature tables that are plain tables; a view could run any query when it is read."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    connection.set_progress_handler(_stop_after(20_000), 1_000)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        kinds = {
            name: (kind, sql or "")
            for name, kind, sql in connection.execute("SELECT name, type, sql FROM sqlite_master")
        }
        for name, (kind, sql) in kinds.items():
            virtual = kind == "table" and re.match(r"\s*CREATE\s+VIRTUAL", sql, re.I)
            if virtual and not re.search(r"\bUSING\s+[\"']?rtree\b", sql, re.I):
                raise HostileInput("the GeoPackage holds a virtual table", where=name[:60])
        for needed in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"):
            if kinds.get(needed, ("", ""))[0] != "table":
                raise InvalidInput(
                    f"the GeoPackage has no table {needed}", remedy="export it again"
                )
        names = [
            str(row[0])
            for row in connection.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'"
            )
        ]
    except sqlite3.Error as error:
        raise InvalidInput(
            "the GeoPackage is broken", value=str(error), remedy="export it again"
        ) from error
    finally:
        connection.close()
    for name in names:
        if kinds.get(name, ("", ""))[0] != "table":
            raise HostileInput(
                "a layer of the GeoPackage is not a plain table",
                where=name[:60],
                remedy="export the layer into a new GeoPackage",
            )
    if not names:
        raise InvalidInput("the GeoPackage holds no layer", remedy="export it again")
    return names


def _stop_after(calls: int) -> Any:
    left = [calls]

    def stop() -> int:
        left[0] -= 1
        return int(left[0] < 0)

    return stop


def _read_with_gdal(
    path: Path, *, layer: str | None, crs: str, default_crs: str, **options: str
) -> SourceTable:
    try:
        meta, _, wkb, data = pyogrio.raw.read(
            str(path), layer=layer, force_2d=True, datetime_as_string=True, **options,
        )  # fmt: skip
    except (DataSourceError, DataLayerError, FeatureError) as error:
        raise InvalidInput(
            "the file cannot be read", value=str(error)[:200],
            where=_gdal_reason(str(error), path), remedy="open and save it again in a GIS",
        ) from error  # fmt: skip
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(
            "the file holds text that is not UTF-8", value=str(error)[:200],
            remedy="save it again as UTF-8",
        ) from error  # fmt: skip
    headers = unique_headers(list(meta["fields"]))
    remarks = []
    stated = str(meta["crs"] or "")
    if "25D" in str(meta["geometry_type"]) or str(meta["geometry_type"]).endswith(" Z"):
        remarks.append("heights (Z) of the geometries were left out")
    geometries = None
    used = stated or crs or default_crs
    if wkb is not None:
        if not used:
            raise InvalidInput("the file states no coordinate system", remedy=_NO_CRS)
        geometries = shapely.from_wkb(wkb, on_invalid="ignore")
        geometries, name = to_wgs84(geometries, used)
        if name:
            remarks.append(f"coordinates were transformed from {name}")
    count = len(data[0]) if data else len(geometries if geometries is not None else [])
    nested = [subtype == "OFSTJSON" for subtype in meta["ogr_subtypes"]]
    flags = [subtype == "OFSTBoolean" for subtype in meta["ogr_subtypes"]]
    columns = [
        _plain_column(values, nested=is_nested, flag=is_flag)
        for values, is_nested, is_flag in zip(data, nested, flags, strict=True)
    ]
    rows = []
    for index in range(count):
        geometry = geometries[index] if geometries is not None else None
        row = SourceRow(
            index + 1, {h: c[index] for h, c in zip(headers, columns, strict=True)}, geometry
        )
        if geometry is None and wkb is not None and wkb[index] is not None:
            row.fault = "the geometry cannot be read"
        rows.append(row)
    return SourceTable(
        headers, rows, has_geometry=geometries is not None, crs=used, remarks=remarks
    )


def _plain_column(values: Any, *, nested: bool, flag: bool) -> list[Any]:
    """Column values as plain Python: None for missing, whole floats of integer columns as they are."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        plain = [None if value != value else value for value in values.tolist()]
        return [None if value is None else bool(value) for value in plain] if flag else plain
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if nested:
        return [_parsed(value) for value in plain]
    return plain


def _parsed(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _gdal_reason(text: str, path: Path) -> str:
    text = text.replace(str(path), "the file").replace(str(path.parent), "")
    return text.split(";")[-1].strip()[:160]


def read_kml(path: Path) -> SourceTable:
    """Placemarks of a KML file; a document type, an entity or anything linked is not followed."""
    rows: list[SourceRow] = []
    headers: dict[str, None] = {}
    faults = 0
    try:
        for _, element in ElementTree.iterparse(str(path), events=("end",), forbid_dtd=True):
            if _local(element.tag) != "Placemark":
                continue
            values, geometry, fault = _placemark(element)
            headers.update(dict.fromkeys(values))
            rows.append(SourceRow(len(rows) + 1, values, geometry, fault))
            faults += bool(fault)
            element.clear()
            if len(rows) > MAX_ROWS:
                break
    except DefusedXmlException as error:
        raise HostileInput(
            "the KML declares a document type or entities", value=type(error).__name__,
            remedy="export it again without a DOCTYPE",
        ) from error  # fmt: skip
    except ElementTree.ParseError as error:
        raise InvalidInput(
            "the KML is not well formed",
            value=str(error),
            where=str(error),
            remedy="export it again",
        ) from error
    if not rows:
        raise InvalidInput(
            "the KML holds no placemark", remedy="export the layer itself, not a link to it"
        )
    return SourceTable(list(headers), rows, has_geometry=True, crs="EPSG:4326")


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _placemark(element: Any) -> tuple[dict[str, Any], Any, str]:
    values: dict[str, Any] = {}
    for child in element:
        tag = _local(child.tag)
        if tag in {"name", "description", "address", "phoneNumber"}:
            values[tag] = (child.text or "").strip()
        elif tag == "ExtendedData":
            for data in child.iter():
                kind = _local(data.tag)
                if kind == "Data":
                    found = [part.text for part in data if _local(part.tag) == "value"]
                    values[str(data.get("name"))] = found[0] if found else None
                elif kind == "SimpleData":
                    values[str(data.get("name"))] = data.text
    parts: list[Any] = []
    try:
        for child in element.iter():
            tag = _local(child.tag)
            if tag == "Point":
                parts += [shapely.Point(point) for point in _coordinates(child)[:1]]
            elif tag == "LineString":
                parts.append(shapely.LineString(_coordinates(child)))
            elif tag == "Polygon":
                parts.append(_kml_polygon(child))
    except (ValueError, shapely.errors.GEOSException):
        return values, None, "the geometry cannot be read"
    if not parts:
        return values, None, ""
    if len(parts) == 1:
        return values, parts[0], ""
    kinds = {part.geom_type for part in parts}
    multi = {
        "Point": shapely.MultiPoint,
        "LineString": shapely.MultiLineString,
        "Polygon": shapely.MultiPolygon,
    }
    make = multi[kinds.pop()] if len(kinds) == 1 else shapely.GeometryCollection
    return values, make(parts), ""


def _kml_polygon(element: Any) -> Any:
    outer: list[Any] = []
    inner: list[Any] = []
    for child in element:
        if _local(child.tag) == "outerBoundaryIs":
            outer = _coordinates(child)
        elif _local(child.tag) == "innerBoundaryIs":
            inner.append(_coordinates(child))
    return shapely.Polygon(outer, inner)


def _coordinates(element: Any) -> list[tuple[float, float]]:
    for child in element.iter():
        if _local(child.tag) == "coordinates":
            pairs = []
            for triple in (child.text or "").split():
                numbers = triple.split(",")
                pairs.append((float(numbers[0]), float(numbers[1])))
            return pairs
    return []
