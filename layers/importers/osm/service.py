"""`import_osm`: one extract in, in one transaction, with everything broken named."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import shapely
from django.conf import settings

from layers.audit.actor import recorded
from layers.errors import HostileInput, InvalidInput
from layers.events.services import event_publish
from layers.importers.models import ImportRun
from layers.importers.osm import loading
from layers.importers.osm.reading import Extract, read_extract

_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_DOWNLOAD_TIMEOUT_S = 30
_MOST_LISTED = 2_000
Progress = Callable[[str], None]


def _suffix(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            return ".osm.pbf" if suffix == ".pbf" else suffix
    raise InvalidInput(
        f"{name} is not an OpenStreetMap extract",
        value=name,
        remedy="give a file that ends in .osm.pbf, .osm or .osm.gz",
    )


def _download(url: str, folder: Path, progress: Progress) -> Path:
    target = folder / f"extract{_suffix(Path(urlsplit(url).path).name)}"
    limit = settings.NCC_IMPORT_MAX_BYTES
    size = 0
    try:
        with requests.get(
            url, stream=True, timeout=_DOWNLOAD_TIMEOUT_S, allow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise InvalidInput(
                    f"{url} answered {answer.status_code}",
                    value=url,
                    remedy="give the address of the file itself",
                )
            with target.open("wb") as out:
                for block in answer.iter_content(1 << 20):
                    size += len(block)
                    if size > limit:
                        raise HostileInput(
                            f"{url} is larger than {limit:,} bytes",
                            value=url,
                            remedy="raise NCC_IMPORT_MAX_MB or take a smaller extract",
                        )
                    out.write(block)
    except requests.RequestException as error:
        raise InvalidInput(
            f"{url} could not be fetched: {error}",
            value=url,
            remedy="check the address and the network, or give a file",
        ) from error
    progress(f"{size:,} bytes fetched")
    return target


@contextmanager
def _local_file(path: str, progress: Progress) -> Iterator[Path]:
    """The extract as a local file; a fetched one is gone afterwards."""
    if path.startswith(("http://", "https://")):
        with tempfile.TemporaryDirectory(prefix="ncc-osm-") as folder:
            yield _download(path, Path(folder), progress)
        return
    local = Path(path)
    if not local.is_file():
        raise InvalidInput(f"there is no file {path}", value=path, remedy="check the path")
    _suffix(local.name)
    if local.stat().st_size > settings.NCC_IMPORT_MAX_BYTES:
        raise HostileInput(
            f"{local.name} is larger than {settings.NCC_IMPORT_MAX_BYTES:,} bytes",
            value=path,
            remedy="raise NCC_IMPORT_MAX_MB or cut the extract to the city",
        )
    yield local


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load(extract: Extract, *, replace: bool, progress: Progress) -> list[str]:
    """Merge every table; returns what was edited by hand and therefore kept."""
    kept: list[str] = []
    for label, target, rows in (
        ("roads", loading.ROADS, extract.roads),
        ("turn restrictions", loading.RESTRICTIONS, extract.restrictions),
        ("signals and barriers", loading.ROAD_NODES, extract.road_nodes),
        ("buildings", loading.BUILDINGS, extract.buildings),
        ("ground", loading.GROUND, extract.ground),
        ("places", loading.PLACES, extract.places),
        ("addresses", loading.ADDRESSES, extract.addresses),
    ):
        progress(f"loading {len(rows):,} {label}")
        kept += [f"{label} {key}" for key in loading.merge_rows(target, rows, replace=replace)]
    stations = [
        (f"osm-{kind}{osm_id}", f"{kind}{osm_id}", name, station, address, phone, wkb)
        for kind, osm_id, name, station, address, phone, wkb in extract.stations
    ]
    kept += [
        f"stations {key}" for key in loading.merge_rows(loading.STATIONS, stations, replace=replace)
    ]
    sites = [
        (f"osm-n{osm_id}", f"n{osm_id}", name, wkb) for osm_id, name, _, _, wkb in extract.cameras
    ]
    loading.merge_rows(loading.SITES, sites, replace=False)
    ids = loading.site_ids([site[0] for site in sites])
    cameras = [
        (f"osm-n{osm_id}", f"n{osm_id}", name, camera.kind, camera.heading_deg,
         "stated" if camera.heading_deg is not None else "unknown", camera.fov_deg, camera.mount_height_m,
         camera.tilt_deg, loading.json_text(tags), ids[f"osm-n{osm_id}"], wkb)
        for osm_id, name, camera, tags, wkb in extract.cameras
    ]  # fmt: skip
    kept += [
        f"cameras {key}" for key in loading.merge_rows(loading.CAMERAS, cameras, replace=replace)
    ]
    if replace:
        loading.merge_rows(loading.SITES, sites, replace=True)
    return kept


def read_boundary(path: str) -> Any:
    """Outline from a GeoJSON file: the union of its polygons, WGS 84."""
    import json

    file = Path(path)
    if not file.is_file() or file.stat().st_size > 64 * 1024 * 1024:
        raise InvalidInput(
            f"no usable boundary file {path}", value=path, remedy="give a GeoJSON of at most 64 MB"
        )
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
        features = document.get("features", [document])
        shapes = [shapely.from_geojson(json.dumps(item.get("geometry", item))) for item in features]
    except (ValueError, AttributeError, shapely.errors.ShapelyError) as error:
        raise InvalidInput(f"{file.name} is not GeoJSON: {error}", value=path, remedy="give polygons in WGS 84") from error  # fmt: skip
    polygons = [
        shape
        for shape in shapes
        if shape is not None and shape.geom_type in {"Polygon", "MultiPolygon"}
    ]
    if not polygons or not all(shapely.is_valid(shape) for shape in polygons):
        raise InvalidInput(
            f"{file.name} holds no valid polygon",
            value=path,
            remedy="mend the outline and try again",
        )
    outline = shapely.union_all(polygons)
    west, south, east, north = outline.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise InvalidInput(f"{file.name} is not in degrees", value=outline.bounds, remedy="give longitude latitude in WGS 84")  # fmt: skip
    return outline


def osm_import(
    path: str,
    *,
    boundary: str | None = None,
    replace: bool = False,
    progress: Progress = lambda line: None,
) -> dict[str, Any]:
    """Load an OpenStreetMap extract; all of it or, when it is refused, nothing.

    `path`: file or http(s) address. `boundary`: GeoJSON outline; what touches it is loaded.
    `replace`: rows of earlier extracts that this one lacks go, except edited ones, which are
    listed under `kept`. Raises `InvalidInput` or `HostileInput`.
    """
    started = time.monotonic()
    outline = read_boundary(boundary) if boundary else None
    with _local_file(path, progress) as local:
        digest = _sha256(local)
        extract = read_extract(local, boundary=outline, progress=progress)
    if not (
        extract.roads or extract.buildings or extract.places or extract.ground or extract.cameras
    ):
        raise InvalidInput(
            "the extract holds nothing inside the boundary" if outline is not None else "the extract holds no road, building or place",
            value=path, remedy="check that extract and boundary belong together",
        )  # fmt: skip
    with recorded():
        kept = _load(extract, replace=replace, progress=progress)
        report: dict[str, Any] = {
            "roads": len(extract.roads),
            "buildings": len(extract.buildings),
            "places": len(extract.places),
            "stations": len(extract.stations),
            "cameras": len(extract.cameras),
            "ground": len(extract.ground),
            "addresses": len(extract.addresses),
            "restrictions": len(extract.restrictions),
            "rejected": extract.rejected,
            "warnings": extract.warnings,
            "kept": kept[:_MOST_LISTED],
            "kept_count": len(kept),
        }
        report["seconds"] = round(time.monotonic() - started, 3)
        run = ImportRun.objects.create(
            layer="osm", file_name=Path(urlsplit(path).path).name[:255], file_sha256=digest, report=report,
            seconds=report["seconds"],
        )  # fmt: skip
        event_publish("import.finished", layer="osm", object_id=run.pk, payload={"roads": len(extract.roads), "buildings": len(extract.buildings)})  # fmt: skip
    return report
