"""The numbers behind every figure of a coverage run, as files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from layers.coverage.figures.models import CoverageLoss
from layers.coverage.models import CoverageGap, CoverageRun, CoverageStreet
from layers.errors import InvalidInput
from layers.exporters import formats
from layers.exporters.services import Sheet
from layers.places.models import Area

FORMATS = ("xlsx", "csv", "geojson", "gpkg")
#: Rows a spreadsheet page holds below its header.
_MOST_ROWS = 1_048_575


def run_export(run: CoverageRun, path: Path, *, table: str = "") -> dict[str, Any]:
    """Write a run's tables, or the one named, in the format the extension names.

    XLSX and GPKG hold all tables; CSV is one table, or a .zip of all; GeoJSON one table with
    geometry. Lines are left out of XLSX (a cell holds no street). Coordinates are WGS 84 longitude
    latitude. Texts that a spreadsheet would run are disarmed. Returns rows by table.
    """
    suffix = path.suffix.lower()
    makers = {table: TABLES[_known(table)]} if table else TABLES
    sheets = [make(run) for make in makers.values()]
    if suffix == ".geojson":
        if len(sheets) != 1 or not sheets[0].geometry_type:
            raise InvalidInput(
                "GeoJSON holds one table with places",
                value=table,
                remedy="name areas, streets, gaps, cameras or sites",
            )
        formats.write_geojson(sheets[0], path)
    elif suffix == ".csv" and len(sheets) == 1:
        formats.write_csv(sheets[0], path)
    elif suffix == ".zip":
        _zip_of_csv(sheets, path)
    elif suffix == ".gpkg":
        _geopackage(sheets, path)
    elif suffix == ".xlsx":
        _workbook(sheets, path)
    else:
        raise InvalidInput(
            f"a run is not written as {path.suffix}", remedy=f"choose one of {', '.join(FORMATS)}"
        )
    return {sheet.name: len(sheet.geometries) for sheet in sheets}


def _known(table: str) -> str:
    if table not in TABLES:
        raise InvalidInput(
            f"a run has no table {table!r}", value=table, remedy=f"choose one of {', '.join(TABLES)}"
        )  # fmt: skip
    return table


def _sheet(
    name: str,
    headers: list[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    geometry_type: str = "",
) -> Sheet:
    """Rows with their geometry last where there is one."""
    listed = list(rows)
    width = len(headers)
    columns = [[row[at] for row in listed] for at in range(width)]
    shapes = np.empty(len(listed), dtype=object)
    if geometry_type and listed:
        wkb = [None if row[width] is None else bytes(row[width].wkb) for row in listed]
        shapes[:] = shapely.from_wkb(np.array(wkb, dtype=object))
    return Sheet(name, headers, columns, shapes, geometry_type)


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list):
        yield prefix, ", ".join(str(item) for item in value)
    else:
        yield prefix, value


def _parameters(run: CoverageRun) -> Sheet:
    rows = [
        ("run", run.pk), ("finished_at", run.finished_at.isoformat() if run.finished_at else ""),
        ("repeats", run.repeats_id), *_flat("", run.parameters),
    ]  # fmt: skip
    return _sheet(
        "parameters", ["parameter", "value"], [(k, "" if v is None else str(v)) for k, v in rows]
    )


def _figures(run: CoverageRun) -> Sheet:
    left = {"run", "areas", "gaps", "excluded", "failures", "assumptions", "seconds"}
    rows = []
    for key, value in run.figures.items():
        if key not in left:
            rows += [row for row in _flat(key, value) if isinstance(row[1], int | float)]
    return _sheet("figures", ["figure", "value"], rows)


_PARTS = ("street_m", "demand", "m2", "people", "reach_street_m", "reach_demand")
_AREA = ("code", "name", "level", "parent", "cameras", "people", "area_m2", "street_m", "demand")


def _areas(run: CoverageRun) -> Sheet:
    shapes = dict(
        Area.objects.filter(code__in=[row["code"] for row in run.figures["areas"]]).values_list("code", "geom")
    )  # fmt: skip
    rows = [
        (
            *(row[name] for name in _AREA), run.level,
            *(row["by_level"][run.level][name] for name in _PARTS), shapes.get(row["code"]),
        )
        for row in run.figures["areas"]
    ]  # fmt: skip
    headers = [*_AREA, "seen_at", *(f"seen_{name}" for name in _PARTS)]
    return _sheet("areas", headers, rows, geometry_type="MultiPolygon")


def _levels(run: CoverageRun) -> Sheet:
    ordered = sorted(run.parameters["levels"].items(), key=lambda item: item[1])
    rows = [
        (
            row["code"], row["name"], level, least, row["street_m"], row["demand"], row["area_m2"],
            row["people"], *(row["by_level"][level][name] for name in _PARTS),
        )
        for row in run.figures["areas"]
        for level, least in ordered
    ]  # fmt: skip
    headers = [
        "code",
        "name",
        "seen_at",
        "least_px_per_m",
        "street_m",
        "demand",
        "area_m2",
        "people",
    ]
    return _sheet("levels", [*headers, *(f"seen_{name}" for name in _PARTS)], rows)


def _streets(run: CoverageRun) -> Sheet:
    names = (
        "road_id", "start_m", "length_m", "demand", "area__code", "cameras", "seen_level", "reach_level",
        "sole_code", "sole_site",
    )  # fmt: skip
    rows = CoverageStreet.objects.filter(run=run).order_by("pk").values_list(*names, "geom")
    headers = [name.replace("area__code", "area") for name in names]
    return _sheet("streets", headers, rows.iterator(chunk_size=5_000), geometry_type="LineString")


def _gaps(run: CoverageRun) -> Sheet:
    names = ("rank", "street", "area__code", "area__name", "street_uncovered_m", "demand_uncovered")
    rows = CoverageGap.objects.filter(run=run).order_by("rank")
    headers = ["rank", "street", "area", "area_name", "street_m", "demand", "lon", "lat"]
    listed = [
        (*values[:6], round(values[6].x, 7), round(values[6].y, 7), values[7])
        for values in rows.values_list(*names, "point", "geom")
    ]
    return _sheet("gaps", headers, listed, geometry_type="MultiLineString")


def _losses(run: CoverageRun, name: str, kinds: tuple[str, ...]) -> Sheet:
    names = (
        "rank", "code", "name", "site_code", "cameras", "reason", "street_m", "demand", "lost_street_m",
        "lost_demand",
    )  # fmt: skip
    rows = CoverageLoss.objects.filter(run=run, kind__in=kinds).order_by("rank", "code")
    return _sheet(name, list(names), rows.values_list(*names, "geom"), geometry_type="Point")


TABLES: dict[str, Callable[[CoverageRun], Sheet]] = {
    "parameters": _parameters,
    "figures": _figures,
    "areas": _areas,
    "levels": _levels,
    "streets": _streets,
    "gaps": _gaps,
    "cameras": lambda run: _losses(run, "cameras", ("camera", "wifi")),
    "sites": lambda run: _losses(run, "sites", ("site",)),
}


def _zip_of_csv(sheets: list[Sheet], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in sheets:
            one = path.parent / f"{sheet.name}.csv"
            formats.write_csv(sheet, one)
            archive.write(one, one.name)
            one.unlink()


def _workbook(sheets: list[Sheet], path: Path) -> None:
    book = Workbook(write_only=True)
    for sheet in sheets:
        if len(sheet.geometries) > _MOST_ROWS:
            raise InvalidInput(
                f"{sheet.name} has more rows than a spreadsheet holds",
                value=len(sheet.geometries),
                remedy="take CSV or GPKG",
            )
        page = book.create_sheet(sheet.name)
        points = sheet.geometry_type == "Point"
        page.append([*sheet.headers, *(["lon", "lat"] if points else [])])
        for at, shape in enumerate(sheet.geometries):
            cells = [_cell(column[at]) for column in sheet.columns]
            page.append([*cells, *([round(shape.x, 7), round(shape.y, 7)] if points else [])])
    book.save(path)


def _cell(value: Any) -> Any:
    text = formats.spreadsheet_text(value)
    return ILLEGAL_CHARACTERS_RE.sub(" ", text) if isinstance(text, str) else text


def _geopackage(sheets: list[Sheet], path: Path) -> None:
    for sheet in sheets:
        if sheet.geometry_type:
            formats.write_geopackage(sheet, path, append=path.exists())
            continue
        data = [_typed(column) for column in sheet.columns]
        pyogrio.raw.write(
            str(path), None, data, np.array(sheet.headers, dtype=object), driver="GPKG", layer=sheet.name,
            append=path.exists(),
        )  # fmt: skip


def _typed(column: Any) -> Any:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in column)
    if len(column) and numbers:
        return np.array([float(v) for v in column])
    return np.array(["" if v is None else str(v) for v in column], dtype=object)
