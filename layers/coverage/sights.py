"""What a camera sees, and which cameras see a point."""

from __future__ import annotations

import math
from typing import Any

import shapely
from django.conf import settings
from django.contrib.gis.geos import Polygon

from layers.assets.models import AssetStatus, Camera, CameraKind
from layers.coverage.city import (
    ASSUMPTIONS,
    DEFAULT_HEIGHT_M,
    DEFAULT_HEIGHT_PX,
    DEFAULT_RANGE_M,
    DEFAULT_WIDTH_PX,
    camera_views,
    lens_fov_deg,
    levels_of,
    model_named,
    scene_around,
    watchers,
)
from layers.coverage.mounting import mount_cameras
from layers.coverage.optics import level_at
from layers.coverage.regions import visible_regions
from layers.coverage.visibility import sight_lines
from layers.errors import InvalidInput
from layers.places.frames import Frame, frame_at


def require_lonlat(lon: float, lat: float) -> None:
    """Refuse what is no longitude and latitude, with a hint where the axes look swapped."""
    if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 84:
        return
    hint = "longitude comes first; these look swapped" if abs(lat) <= 180 and abs(lon) <= 84 else "give degrees in WGS 84, longitude first"  # fmt: skip
    raise InvalidInput(
        f"longitude {lon}, latitude {lat} is out of range", value=(lon, lat), remedy=hint
    )


def camera_region(
    lon: float,
    lat: float,
    *,
    heading_deg: float,
    fov_deg: float,
    model: str | None = None,
    kind: str | None = None,
    height_m: float = DEFAULT_HEIGHT_M,
    tilt_deg: float | None = None,
    range_m: float = DEFAULT_RANGE_M,
    edition: str | None = None,
) -> dict[str, Any]:
    """GeoJSON FeatureCollection of what a camera there would see: `visible` and every level.

    Degrees from true north, metres; regions are exact past the footprints in the database, ground
    flat, no trees. `kind` is `fixed`, `ptz` or `multi`, by default the model's. The features are
    what is watched now; of a PTZ `reachable` holds what it could turn to, which never adds up with
    them. Without a tilt the vertical field is unbounded. Raises `InvalidInput` for a place, field,
    height or range that is none, `NotFound` for an unknown model or edition.
    """
    require_lonlat(lon, lat)
    if not math.isfinite(heading_deg):
        raise InvalidInput(
            f"heading {heading_deg} is no bearing",
            value=heading_deg,
            remedy="give degrees from true north",
        )
    chosen = model_named(model)
    kind = kind or (chosen.kind if chosen else CameraKind.FIXED.value)
    if kind not in CameraKind.values:
        raise InvalidInput(
            f"no kind of camera {kind!r}",
            value=kind,
            remedy=f"choose one of {', '.join(CameraKind.values)}",
        )
    frame = frame_at(lon, lat)
    edition_name, levels = levels_of(edition)
    x, y = frame.to_local([(lon, lat)])[0]
    now, reach = camera_views(
        kind,
        fov_deg=fov_deg,
        lens_fov_deg=lens_fov_deg(chosen),
        heading_deg=frame.grid_bearing_deg(heading_deg, lon, lat),
        tilt_deg=tilt_deg,
        image_height_px=chosen.image_height_px if chosen else DEFAULT_HEIGHT_PX,
        x=float(x),
        y=float(y),
        height_m=height_m,
        image_width_px=float(chosen.image_width_px if chosen else DEFAULT_WIDTH_PX),
        max_range_m=range_m,
        target_height_m=settings.NCC_TARGET_HEIGHT_M,
    )
    views = [view for view in (now, reach if reach is not now else None) if view is not None]
    scene = scene_around(frame, [(lon, lat)], range_m=range_m)
    drawn = visible_regions(scene, views, levels)
    return {
        "type": "FeatureCollection",
        "edition": edition_name,
        "kind": kind,
        "mount": mount_cameras(scene, views[:1])[2][0].kind,
        "working_srid": frame.srid,
        "assumptions": list(ASSUMPTIONS),
        "buildings": scene.buildings,
        "features": _features(frame, drawn[0], levels, edition_name),
        "reachable": _features(frame, drawn[1], levels, edition_name) if len(drawn) > 1 else [],
    }


def _features(
    frame: Frame, regions: dict[str, Any], levels: dict[str, float], edition: str
) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "properties": {
                "level": level,
                "area_m2": round(region.area, 3),
                "px_per_m": levels.get(level),
                "edition": edition,
            },
            "geometry": shapely.geometry.mapping(frame.geometries_to_lonlat(region)),
        }
        for level, region in regions.items()
    ]


def cameras_seeing(lon: float, lat: float, *, edition: str | None = None) -> dict[str, Any]:
    """Active cameras that see a target at a point, best picture first, and how well.

    First those that see it now, then the PTZ that could turn to it (`now` false); the two are
    counted apart as `watched_now` and `reachable`, which holds both.
    """
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
    return {
        "cameras": rows,
        "watched_now": sum(row["now"] for row in rows),
        "reachable": len(rows),
        "edition": edition_name,
        "assumptions": list(ASSUMPTIONS),
    }
