"""Writers of the file formats: GeoJSON, GeoPackage, CSV, XLSX and zipped shapefile."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio.raw
import shapely
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from layers.errors import InvalidInput

if TYPE_CHECKING:
    from layers.exporters.services import Sheet

#: What a spreadsheet takes for a formula when a text cell begins with it.
_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
_XLSX_CELL = 32_767
_XLSX_ROWS = 1_048_575
_DBF_TEXT = 254


def spreadsheet_text(value: Any) -> Any:
    """Text that cannot run as a formula; numbers and blanks stay as they are."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def write_geojson(sheet: Sheet, path: Path) -> None:
    """GeoJSON with nine decimals (0.1 mm), vertices in their order."""
    _write(sheet, path, "GeoJSON", layer_options={"COORDINATE_PRECISION": 9, "RFC7946": "NO"})


def write_geopackage(sheet: Sheet, path: Path, *, append: bool = False) -> None:
    """GeoPackage; its own id and geometry columns have names no attribute has.

    `append`: as one more table of a file that is there.
    """
    options = {"FID": "ncc_fid", "GEOMETRY_NAME": "ncc_geom"}
    _write(sheet, path, "GPKG", layer_options=options, append=append)


def write_csv(sheet: Sheet, path: Path) -> None:
    """CSV in UTF-8 with mark: points as lon and lat, other shapes as WKT in column geometry."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for cells in _table(sheet):
            writer.writerow(["" if cell is None else cell for cell in cells])


def write_xlsx(sheet: Sheet, path: Path) -> None:
    """XLSX with one sheet; shapes whose WKT does not fit a cell are refused."""
    if len(sheet.geometries) > _XLSX_ROWS:
        raise InvalidInput(
            "a sheet holds 1,048,575 rows at most",
            value=len(sheet.geometries),
            remedy="write .gpkg",
        )
    for number, cells in enumerate(_table(sheet)):
        if any(isinstance(cell, str) and len(cell) > _XLSX_CELL for cell in cells):
            raise InvalidInput(
                "a shape is too large for a spreadsheet cell", where=f"row {number}",
                remedy="write .gpkg or .geojson",
            )  # fmt: skip
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.name[:31])
    for cells in _table(sheet):
        page.append([ILLEGAL_CHARACTERS_RE.sub(" ", c) if isinstance(c, str) else c for c in cells])
    book.save(path)


def write_zipped_shapefile(sheet: Sheet, path: Path) -> None:
    """Zipped shapefile in UTF-8. Names are cut to ten letters and texts to 254, as the format has it."""
    folder = path.parent / "shapefile"
    folder.mkdir()
    names: list[str] = []
    for header in sheet.headers:
        plain = re.sub(r"\W+", "_", header, flags=re.ASCII)[:10] or "column"
        unique, number = plain, 1
        while unique.casefold() in {name.casefold() for name in names}:
            number += 1
            unique = f"{plain[: 10 - len(str(number))]}{number}"
        names.append(unique)
    target = folder / f"{sheet.name}.shp"
    kind = {"Unknown": "Polygon"}.get(sheet.geometry_type, sheet.geometry_type).removeprefix(
        "Multi"
    )
    if sheet.geometry_type == "Unknown":
        raise InvalidInput(
            "a shapefile holds one kind of shape", where=sheet.name, remedy="write .gpkg"
        )
    _write(
        sheet,
        target,
        "ESRI Shapefile",
        names=names,
        geometry_type=kind,
        encoding="UTF-8",
        longest=_DBF_TEXT,
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)


def _table(sheet: Sheet) -> Iterator[list[Any]]:
    """Header and rows of the flat formats, formulae disarmed."""
    if sheet.geometry_type == "Point":
        places = ["lon", "lat"]
        coordinates: list[list[Any]] = [
            [None, None] if shape is None else [round(shape.x, 9), round(shape.y, 9)]
            for shape in sheet.geometries
        ]
    elif sheet.geometry_type:
        places = ["geometry"]
        texts = (
            shapely.to_wkt(sheet.geometries, rounding_precision=9) if len(sheet.geometries) else []
        )
        coordinates = [[text] for text in texts]
    else:
        places, coordinates = [], [[] for _ in sheet.geometries]
    taken = {place.casefold() for place in places}
    shown = [index for index, header in enumerate(sheet.headers) if header.casefold() not in taken]
    yield [spreadsheet_text(sheet.headers[index]) for index in shown] + places
    for number in range(len(sheet.geometries)):
        yield [spreadsheet_text(sheet.columns[index][number]) for index in shown] + coordinates[
            number
        ]


def _write(
    sheet: Sheet,
    path: Path,
    driver: str,
    *,
    names: list[str] | None = None,
    geometry_type: str = "",
    longest: int = 0,
    **options: Any,
) -> None:
    data, masks = [], []
    for column in sheet.columns:
        values, mask = _typed(column, longest)
        data.append(values)
        masks.append(mask)
    geometry = np.array(
        [None if shape is None else shapely.to_wkb(shape) for shape in sheet.geometries],
        dtype=object,
    )
    pyogrio.raw.write(
        str(path), geometry, data, np.array(names or sheet.headers, dtype=object), field_mask=masks,
        driver=driver, layer=sheet.name, geometry_type=geometry_type or sheet.geometry_type,
        crs="EPSG:4326", promote_to_multi=False, **options,
    )  # fmt: skip


def _typed(column: list[Any], longest: int) -> tuple[Any, Any]:
    """An array of one type and the mask of its blanks."""
    stated = [value for value in column if value is not None]
    mask = np.array([value is None for value in column], dtype=bool)
    if stated and all(isinstance(value, bool) for value in stated):
        return np.array([bool(value) for value in column], dtype=bool), mask
    if stated and all(
        isinstance(v, int) and not isinstance(v, bool) and abs(v) < 2**53 for v in stated
    ):
        return np.array([0 if value is None else value for value in column], dtype=np.int64), mask
    if stated and all(isinstance(v, int | float) and not isinstance(v, bool) for v in stated):
        return np.array([np.nan if value is None else float(value) for value in column]), None
    texts = [None if value is None else str(value) for value in column]
    if longest:
        texts = [
            text if text is None else text.encode()[:longest].decode(errors="ignore")
            for text in texts
        ]
    return np.array(texts, dtype=object), None
