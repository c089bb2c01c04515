"""Which header of a file means which column of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from layers.errors import InvalidInput
from layers.importers.files.table import SourceTable
from layers.importers.judging.values import is_blank, normalised
from layers.importers.kinds.spec import Column

LON_WORDS = ("lon", "lng", "longitude", "bujur", "long", "garisbujur", "koordinatx", "coordinateslng", "x", "easting", "locationlongitude", "koordinatbujur", "pointx", "xcoord", "titikx", "bujurtimur")  # fmt: skip
LAT_WORDS = ("lat", "latitude", "lintang", "garislintang", "koordinaty", "coordinateslat", "y", "northing", "locationlatitude", "koordinatlintang", "pointy", "ycoord", "titiky", "lintangselatan")  # fmt: skip
WKT_WORDS = ("geometry", "wkt", "geom", "thegeom", "shape", "geometri")
PAIR_WORDS = ("koordinat", "coordinates", "coordinate", "latlong", "latlng", "latlon", "titikkoordinat", "lokasikoordinat")  # fmt: skip
#: Columns that say in which kecamatan a row lies; checked against its position.
DISTRICT_WORDS = ("kecamatan", "district", "namakecamatan", "kec", "subdistrict", "wadmkc", "locationdistrict", "districtbucket", "districtcategory", "adm3en")  # fmt: skip

#: Last parts of dotted JSON names that are safe to read without what stands before them.
_SAFE_TAILS = {*LON_WORDS[:5], *LAT_WORDS[:3], "kecamatan", "district", "address", "alamat"}
_SHAPEFILE_NAME = 10


@dataclass
class Mapping:
    """Header of the file by column name, and the headers that nobody claimed."""

    headers: dict[str, str] = field(default_factory=dict)
    lon: str = ""
    lat: str = ""
    wkt: str = ""
    pair: str = ""
    district: str = ""
    unknown: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, str]:
        """The mapping for the report: column name to header."""
        result = dict(self.headers)
        for name in ("lon", "lat", "wkt", "pair", "district"):
            if header := getattr(self, name):
                result.setdefault("geometry" if name in {"wkt", "pair"} else name, header)
        return result


def mapping_from_table(
    table: SourceTable, columns: Sequence[Column], *, positions: bool, districts: bool
) -> Mapping:
    """Finds the header of each column.

    The column's own name wins over its synonyms, in their order; then dotted names by their last
    two parts and, where that is safe, their last; then names cut to ten letters by shapefiles.
    A header serves once.
    """
    free = {header: _forms(header) for header in table.columns}
    result = Mapping()

    def take(words: Sequence[str], *, column: Column | None = None, weak: bool = False) -> str:
        for level in range(4):
            for word in words:
                for header, forms in free.items():
                    if len(forms) <= level or not _same(forms[level], word, level, header):
                        continue
                    if weak and column is not None and not _mostly_readable(table, header, column):
                        continue
                    del free[header]
                    return header
        return ""

    for column in columns:
        header = take([normalised(column.name)])
        if header:
            result.headers[column.name] = header
    if positions:
        result.lon, result.lat = take(LON_WORDS), take(LAT_WORDS)
        if not table.has_geometry:
            result.wkt = take(WKT_WORDS)
            if not (result.lon and result.lat) and not result.wkt:
                result.pair = take(PAIR_WORDS)
    for column in columns:
        if column.name not in result.headers and (header := take(column.words, column=column)):
            result.headers[column.name] = header
    for column in columns:
        if column.name not in result.headers and column.weak:
            header = take(column.weak, column=column, weak=True)
            if header:
                result.headers[column.name] = header
    if districts:
        claimed = set(result.shown().values())
        result.district = take([word for word in DISTRICT_WORDS if word not in claimed])
    result.unknown = [header for header in table.columns if header in free]
    if result.district:
        result.unknown.append(result.district)
    return result


def header_named(table: SourceTable, name: str) -> str:
    """The file's header that `name` means; raises `InvalidInput` that lists them."""
    for header in table.columns:
        if normalised(header) == normalised(name):
            return header
    raise InvalidInput(
        f"no column {name!r} in the file",
        value=name,
        where=", ".join(table.columns[:30]),
        remedy="give --key one of these columns",
    )


def _forms(header: str) -> tuple[str, str, str, str]:
    """Normalised header; its last two dotted parts; its safe last part; the cut name."""
    whole = normalised(header)
    parts = [normalised(part) for part in header.split(".")]
    two = "".join(parts[-2:]) if len(parts) > 2 else ""
    last = parts[-1] if len(parts) > 1 and parts[-1] in _SAFE_TAILS else ""
    cut = whole if len(header) == _SHAPEFILE_NAME else ""
    return whole, two, last, cut


def _same(form: str, word: str, level: int, header: str) -> bool:
    if not form:
        return False
    if level == 3:
        return len(word) > len(form) >= 7 and word.startswith(form)
    return form == word


def _mostly_readable(table: SourceTable, header: str, column: Column) -> bool:
    values = [value for row in table.rows[:2_000] if not is_blank(value := row.values.get(header))]
    return bool(values) and 2 * sum(_readable(column, value) for value in values) >= len(values)


def _readable(column: Column, value: Any) -> bool:
    try:
        column.read(value)
    except ValueError:
        return False
    return True
