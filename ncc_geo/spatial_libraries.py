"""GDAL and GEOS for GeoDjango, taken from the wheels of pyogrio and shapely."""

from __future__ import annotations

import os
from pathlib import Path

#: Drivers that read other files or the network when handed a crafted file.
SKIPPED_DRIVERS = (
    "VRT GTI HTTP WFS OAPIF WCS WMS WMTS CSW DAAS EEDA EEDAI PLMOSAIC PLSCENES NGW CARTO "
    "Elasticsearch AmigoCloud MVT STACIT STACTA OGCAPI "
    "OGR_VRT GDALG ADBC CSV XLSX ODS SQLite OpenFileGDB PMTiles MBTiles GPSBabel OSM "
    "LIBKML KML GML GPX GeoRSS GeoJSONSeq ESRIJSON TopoJSON JSONFG MapML LVBAG PDF DXF GTFS"
)


def _wheel_library(package: str, pattern: str) -> str:
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"error: the Python package {package} is missing; run bin/manage check")
    folder = Path(spec.origin).parent.parent / f"{package}.libs"
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(
            f"error: no {pattern} in {folder.name}; install {package} from its binary wheel, "
            "a source build does not carry GDAL or GEOS"
        )
    return str(found[0])


def locate_libraries() -> tuple[str, str]:
    """Paths of libgdal and libgeos_c; loads them first so that GeoDjango finds the same ones.

    Also closes the doors of GDAL that reach outside: it must run before any file is opened.
    """
    os.environ["GDAL_SKIP"] = SKIPPED_DRIVERS
    os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = ".none"
    os.environ["GDAL_DISABLE_READDIR_ON_OPEN"] = "TRUE"
    os.environ["GDAL_HTTP_TIMEOUT"] = "1"
    import pyogrio  # noqa: F401
    import shapely  # noqa: F401

    return (
        os.environ.get("GDAL_LIBRARY_PATH") or _wheel_library("pyogrio", "libgdal*.so*"),
        os.environ.get("GEOS_LIBRARY_PATH") or _wheel_library("shapely", "libgeos_c*.so*"),
    )
