"""The one way a file comes in: judged by name and content, copied under a name of our own, read."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from layers.errors import HostileInput, InvalidInput
from layers.importers.files import avl, tables, vector
from layers.importers.files.archives import checked_archive
from layers.importers.files.table import MAX_COLUMNS, MAX_ROWS, SourceTable

#: Content that each extension may have.
_CONTENT_OF = {
    ".geojson": {"json"},
    ".json": {"json"},
    ".gpkg": {"gpkg"},
    ".zip": {"zip"},
    ".kml": {"kml"},
    ".csv": {"text"},
    ".tsv": {"text"},
    ".txt": {"text"},
    ".xlsx": {"xlsx"},
    ".xml": {"xml"},
}
_SUPPORTED = "GeoJSON, GeoPackage, zipped shapefile, KML, CSV, XLSX or JSON"
_CHUNK = 1 << 20
_GEOJSON_TYPE = re.compile(
    rb'"type"\s*:\s*"(FeatureCollection|Feature|GeometryCollection|(?:Multi)?'
    rb'(?:Point|LineString|Polygon))"'
)


@dataclass(frozen=True)
class PrivateFile:
    """Our own copy of what somebody handed in."""

    path: Path
    name: str
    sha256: str
    content: str


def table_from_file(
    path: str | Path,
    *,
    crs: str = "",
    sublayer: str = "",
    layer_name: str = "",
    shape: str = "any",
) -> SourceTable:
    """All rows of a file, geometries in WGS 84 longitude latitude without Z.

    `crs` (such as `EPSG:32749`) is used where the file states none, and for coordinate columns;
    `sublayer` chooses a shapefile of an archive, a GeoPackage table or a sheet; without it all
    shapefiles of the wanted `shape` are read where they have the same columns. `path` may be
    `archive.zip/name.shp`. Raises `InvalidInput` or `HostileInput` with a remedy; nothing but the
    named file is read, and nothing is fetched.
    """
    text = os.fspath(path)
    head, separator, inner = text.partition(".zip/")
    if separator and not Path(text).exists():
        text, sublayer = f"{head}.zip", inner
    with private_copy(text) as file:
        if file.content == "geojson":
            table = vector.read_geojson(file.path, crs=crs)
        elif file.content == "gpkg":
            table = vector.read_geopackage(file.path, crs=crs, sublayer=sublayer or layer_name)
        elif file.content == "zip":
            with checked_archive(file.path, max_unpacked_bytes=_max_unpacked()) as archive:
                table = vector.read_zipped_shapefile(
                    archive, file.path.parent, crs=crs, sublayer=sublayer, shape=shape
                )
        elif file.content == "kml":
            table = vector.read_kml(file.path)
        elif file.content == "xlsx":
            checked_archive(file.path, max_unpacked_bytes=_max_unpacked()).close()
            table = tables.read_xlsx(file.path, sublayer=sublayer)
        elif file.content == "xml":
            table = avl.read_avl(file.path)
        elif file.content == "json":
            table = tables.read_json(file.path)
        else:
            table = tables.read_csv(file.path)
    table.file_name, table.file_sha256, table.file_format = file.name, file.sha256, file.content
    if len(table.columns) > MAX_COLUMNS:
        raise HostileInput(
            f"{len(table.columns)} columns, at most {MAX_COLUMNS} are read",
            where=file.name,
            remedy="leave out the columns that are not needed",
        )
    if len(table.rows) > MAX_ROWS:
        raise HostileInput(f"more than {MAX_ROWS} rows", where=file.name, remedy="split the file")
    return table


@contextmanager
def private_copy(path: str) -> Iterator[PrivateFile]:
    """A copy in a folder only we can read, under our own name, gone when the block ends."""
    name = Path(path).name
    if path.startswith("/vsi") or "://" in path or "\x00" in path:
        raise HostileInput(
            "only a file on this machine can be imported",
            value=path[:80],
            remedy="download the file first and give its path",
        )
    extension = Path(path).suffix.lower()
    if extension not in _CONTENT_OF:
        remedy = f"give {_SUPPORTED}"
        if extension in {".shp", ".dbf", ".shx"}:
            remedy = "pack the .shp, .shx, .dbf and .prj files into one .zip"
        raise InvalidInput(
            f"files ending in {extension or 'nothing'} are not read", where=name, remedy=remedy
        )
    with tempfile.TemporaryDirectory(prefix="ncc-import-") as folder:
        target = Path(folder) / f"input{extension}"
        digest = _copy(path, target, name)
        content = _content(target, name)
        if content not in _CONTENT_OF[extension] and not (
            content == "geojson" and extension in {".json", ".geojson"}
        ):
            raise HostileInput(
                f"the name ends in {extension}, but the content is {_WORDS.get(content, content)}",
                where=name,
                remedy=f"give {_SUPPORTED} under its own extension",
            )
        yield PrivateFile(target, name, digest, content)


_WORDS = {
    "xml": "XML that is no KML",
    "kml": "KML",
    "json": "JSON",
    "geojson": "GeoJSON",
    "gpkg": "a GeoPackage",
    "sqlite": "an SQLite database that is no GeoPackage",
    "zip": "a zip archive",
    "xlsx": "an XLSX workbook",
    "text": "text",
    "binary": "binary data of a kind we do not read",
}


def _copy(path: str, target: Path, name: str) -> str:
    limit = settings.NCC_IMPORT_MAX_BYTES
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InvalidInput("there is no such file", where=path, remedy="check the path") from error
    except PermissionError as error:
        raise InvalidInput(
            "the file may not be read", where=path, remedy="give the right to read it"
        ) from error
    except OSError as error:
        raise InvalidInput("not a file", where=path, remedy=f"give {_SUPPORTED}") from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise InvalidInput("not a file", where=path, remedy=f"give {_SUPPORTED}")
    with os.fdopen(handle, "rb") as source:
        if status.st_size == 0:
            raise InvalidInput("the file is empty", where=name, remedy=f"give {_SUPPORTED}")
        digest, size = hashlib.sha256(), 0
        with target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise HostileInput(
                        f"the file is larger than {limit // 1_048_576} MB",
                        value=status.st_size,
                        where=name,
                        remedy="split it, or raise NCC_IMPORT_MAX_MB",
                    )
                digest.update(chunk)
                sink.write(chunk)
    return digest.hexdigest()


def _content(path: Path, name: str) -> str:
    """What the first bytes say the file is."""
    with path.open("rb") as file:
        head = file.read(65_536)
        if head.startswith(b"SQLite format 3\x00"):
            return "gpkg" if head[68:72] in {b"GPKG", b"GP10", b"GP11"} else "sqlite"
        if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
            with checked_archive(path, max_unpacked_bytes=_max_unpacked()) as archive:
                names = set(archive.namelist())
            return "xlsx" if {"[Content_Types].xml", "xl/workbook.xml"} <= names else "zip"
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return "text"
        if b"\x00" in head:
            return "binary"
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] == b"<":
            return "kml" if re.search(rb"<(?:\w+:)?kml[\s>]", start) else "xml"
        if start[:1] == b"[":
            return "json"
        if start[:1] == b"{":
            file.seek(max(0, path.stat().st_size - 65_536))
            return "geojson" if _is_geojson(head + file.read(65_536)) else "json"
    return "text"


def _is_geojson(sample: bytes) -> bool:
    kinds = set(_GEOJSON_TYPE.findall(sample))
    if b"FeatureCollection" in kinds:
        return bool(re.search(rb'"features"\s*:', sample))
    return bool(kinds) and bool(
        re.match(rb'[\s\xef\xbb\xbf]*\{\s*"(type|geometry|id|coordinates)"', sample)
    )


def _max_unpacked() -> int:
    return int(settings.NCC_IMPORT_MAX_UNPACKED_BYTES)
