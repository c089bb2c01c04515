"""What a camera sees, and which cameras see a point."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon
from django.db import transaction

from layers.assets.models import AssetStatus, Camera
from layers.coverage.camera import camera_at
from layers.coverage.city import (
    ASSUMPTIONS,
    DEFAULT_HEIGHT_M,
    DEFAULT_RANGE_M,
    lens_of_model,
    levels_of,
    scene_around,
    watchers,
)
from layers.coverage.models import CameraSight
from layers.coverage.optics import level_at
from layers.coverage.regions import visible_regions
from layers.coverage.visibility import sight_lines
from layers.errors import InvalidInput
from layers.places.frames import Frame, frame_at, zone_groups
from layers.places.versions import layer_versions

#: Coordinates of stored and printed regions are kept to this (degrees, about a centimetre).
_GRID_DEG = 1e-7


def require_lonlat(lon: float, lat: float) -> None:
    """Refuse what is no longitude and latitude, with a hint where the axes look swapped."""
    if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 84:
        return
    hint = "longitude comes first; these look swapped" if abs(lat) <= 180 and abs(lon) <= 84 else "give degrees in WGS 84, longitude first"  # fmt: skip
    raise InvalidInput(
        f"longitude {lon}, latitude {lat} is out of range", value=(lon, lat), remedy=hint
    )


def _multi(shape: Any) -> Any:
    return (
        shape
        if shape.geom_type == "MultiPolygon"
        else shapely.MultiPolygon([shape] if not shape.is_empty else [])
    )


def camera_region(
    lon: float,
    lat: float,
    *,
    heading_deg: float,
    fov_deg: float,
    model: str | None = None,
    height_m: float = DEFAULT_HEIGHT_M,
    range_m: float = DEFAULT_RANGE_M,
    edition: str | None = None,
) -> dict[str, Any]:
    """GeoJSON FeatureCollection of what a camera there would see: `visible` and every level.

    Degrees from true north, metres; regions are exact past the footprints in the database, ground
    flat, no trees. Raises `InvalidInput` for a place, field, height or range that is none.
    """
    require_lonlat(lon, lat)
    if not math.isfinite(heading_deg):
        raise InvalidInput(
            f"heading {heading_deg} is no bearing",
            value=heading_deg,
            remedy="give degrees from true north",
        )
    frame = frame_at(lon, lat)
    width, _height = lens_of_model(model)
    edition_name, levels = levels_of(edition)
    view = camera_at(
        frame,
        lon,
        lat,
        heading_deg=heading_deg,
        height_m=height_m,
        hfov_deg=fov_deg,
        image_width_px=float(width),
        max_range_m=range_m,
    )
    scene = scene_around(frame, [(lon, lat)], range_m=range_m)
    regions = visible_regions(scene, [view], levels)[0]
    features = [
        {
            "type": "Feature",
            "properties": {
                "level": level,
                "area_m2": round(region.area, 3),
                "px_per_m": levels.get(level),
            },
            "geometry": shapely.geometry.mapping(frame.geometries_to_lonlat(region)),
        }
        for level, region in regions.items()
    ]
    return {
        "type": "FeatureCollection",
        "edition": edition_name,
        "working_srid": frame.srid,
        "assumptions": list(ASSUMPTIONS),
        "buildings": scene.buildings,
        "features": features,
    }


def cameras_seeing(lon: float, lat: float, *, edition: str | None = None) -> dict[str, Any]:
    """Active cameras that see a target at a point now, best picture first, and how well."""
    require_lonlat(lon, lat)
    frame = frame_at(lon, lat)
    edition_name, levels = levels_of(edition)
    reach = Camera.objects.filter(status=AssetStatus.ACTIVE, max_range_m__isnull=False).order_by("-max_range_m").values_list("max_range_m", flat=True).first()  # fmt: skip
    range_m = max(DEFAULT_RANGE_M, float(reach or 0.0))
    pad_lat = range_m / 110_000
    pad_lon = pad_lat / max(0.05, math.cos(math.radians(lat)))
    nearby = Camera.objects.select_related("model").filter(
        status=AssetStatus.ACTIVE,
        geom__bboverlaps=Polygon.from_bbox((lon - pad_lon, lat - pad_lat, lon + pad_lon, lat + pad_lat)),
    ).order_by("code")  # fmt: skip
    ready = [
        item
        for item in watchers(list(nearby), frame)
        if item.view is not None or item.reach is not None
    ]
    scene = scene_around(frame, [(lon, lat)], range_m=range_m)
    found: dict[int, dict[str, Any]] = {}
    for now in (True, False):
        chosen = [(item, item.view if now else item.reach) for item in ready]
        pairs = [
            (item, view)
            for item, view in chosen
            if view is not None and item.camera_id not in found
        ]
        if not pairs:
            continue
        lines = sight_lines(
            scene, [view for _, view in pairs], frame.to_local([(lon, lat)]), threads=1
        )
        for number, (item, view) in enumerate(pairs):
            points, pixels = lines.of(number)
            if len(points):
                px = float(pixels[0])
                distance = math.hypot(*(frame.to_local([(lon, lat)])[0] - (view.x, view.y)))
                found[item.camera_id] = {
                    "code": item.code,
                    "name": item.name,
                    "distance_m": round(distance, 2),
                    "px_per_m": round(px, 2),
                    "level": level_at(px, levels=levels),
                    "now": now,
                    "lon": item.lon,
                    "lat": item.lat,
                    "assumed": list(item.assumed),
                }
    rows = sorted(found.values(), key=lambda row: (not row["now"], -row["px_per_m"], row["code"]))
    return {"cameras": rows, "edition": edition_name, "assumptions": list(ASSUMPTIONS)}


def _digest(camera: Camera, versions: dict[str, int], edition: str) -> str:
    parts = [
        camera.geom.wkt, camera.kind, camera.status, camera.heading_deg, camera.fov_deg, camera.mount_height_m,
        camera.tilt_deg, camera.max_range_m, camera.model_id, edition,
        *(versions.get(name, 0) for name in ("buildings", "camera_models", "optics")),
    ]  # fmt: skip
    return hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def camera_sights_refresh(camera_ids: list[int] | None = None) -> int:
    """Bring the stored regions of cameras up to date; returns how many cameras were computed.

    Stale means: the camera, a building, a model or the table of levels changed since. Cameras that
    do not count (planned, failed, retired, without heading) lose their stored regions.
    """
    edition, levels = levels_of()
    versions = layer_versions()
    cameras = Camera.objects.select_related("model").order_by("pk")
    if camera_ids is not None:
        cameras = cameras.filter(pk__in=camera_ids)
    rows = list(cameras)
    digests = {camera.pk: _digest(camera, versions, edition) for camera in rows}
    current = dict(
        CameraSight.objects.filter(level="visible").values_list("camera_id", "inputs_hash")
    )
    stale = [camera for camera in rows if current.get(camera.pk) != digests[camera.pk]]
    if not stale:
        return 0
    computed = 0
    for group in _by_zone(stale):
        frame = frame_at(group[0].geom.x, group[0].geom.y)
        ready = watchers(group, frame)
        seen = [
            (camera, item)
            for camera, item in zip(group, ready, strict=True)
            if item.view is not None
        ]
        idle = [camera.pk for camera, item in zip(group, ready, strict=True) if item.view is None]
        views = [item.view for _, item in seen if item.view is not None]
        range_m = max((view.max_range_m for view in views), default=DEFAULT_RANGE_M)
        scene = scene_around(frame, [(item.lon, item.lat) for _, item in seen], range_m=range_m)
        regions = visible_regions(scene, views, levels)
        fresh = [
            CameraSight(
                camera=camera, level=level, area_m2=region.area, inputs_hash=digests[camera.pk],
                geom=_stored(frame, region),
            )
            for (camera, _), by_level in zip(seen, regions, strict=True)
            for level, region in by_level.items()
        ]  # fmt: skip
        with transaction.atomic():
            CameraSight.objects.filter(
                camera_id__in=[*idle, *(camera.pk for camera, _ in seen)]
            ).delete()
            CameraSight.objects.bulk_create(fresh, batch_size=500)
        computed += len(seen)
    return computed


def _stored(frame: Frame, region: Any) -> MultiPolygon:
    shape = shapely.set_precision(frame.geometries_to_lonlat(_multi(region)), _GRID_DEG)
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return MultiPolygon(
        [GEOSGeometry(memoryview(part.wkb), srid=4326) for part in polygons], srid=4326
    )


def _by_zone(cameras: list[Camera]) -> list[list[Camera]]:
    points = [(camera.geom.x, camera.geom.y) for camera in cameras]
    return [[cameras[i] for i in indices] for _, indices in zone_groups(points)]
