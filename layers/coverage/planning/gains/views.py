"""Street pieces that cameras see which are nowhere stored, from memory where they were seen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point
from numpy.typing import NDArray

from layers.assets.models import AssetStatus, Camera, CameraKind
from layers.coverage.city import camera_watcher, scene_around
from layers.coverage.models import PlanSite
from layers.coverage.planning.ground import Ground
from layers.coverage.sights import require_lonlat
from layers.coverage.visibility import sight_lines


def seen_by_sites(
    ground: Ground, sites: list[PlanSite], places: dict[int, tuple[float, float]]
) -> dict[int, list[tuple[int, NDArray[np.int32]]]]:
    """For each site what each of its cameras sees at its place."""
    records, owner = [], []
    for site in sites:
        for camera in site.cameras.all():
            asked = {
                "heading_deg": camera.heading_deg, "record": camera.model, "fov_deg": camera.fov_deg,
                "mount_height_m": camera.mount_height_m,
            }  # fmt: skip
            records.append(proposed_camera(*places[site.pk], asked))
            owner.append(site.pk)
    found: dict[int, list[tuple[int, NDArray[np.int32]]]] = {site.pk: [] for site in sites}
    for site_id, view in zip(owner, seen_by(ground, records), strict=True):
        found[site_id].append(view)
    return found


def proposed_camera(lon: float, lat: float, asked: Mapping[str, Any]) -> Camera:
    """An active camera that is nowhere stored, as it would stand in the records."""
    return Camera(
        code="", name="", model=asked["record"], kind=CameraKind.FIXED, status=AssetStatus.ACTIVE,
        heading_deg=float(asked["heading_deg"]) % 360.0, heading_source=Camera.HeadingSource.STATED,
        fov_deg=asked["fov_deg"], mount_height_m=asked["mount_height_m"],
        geom=Point(lon, lat, srid=4326),
    )  # fmt: skip


def seen_by(ground: Ground, cameras: list[Camera]) -> list[tuple[int, NDArray[np.int32]]]:
    """What each camera sees at the level; those seen before come from memory."""
    keys: list[tuple[object, ...]] = [
        (
            c.geom.x,
            c.geom.y,
            c.heading_deg,
            c.fov_deg,
            c.mount_height_m,
            c.model_id,
            c.tilt_deg,
            c.max_range_m,
        )
        for c in cameras
    ]
    found = {key: ground.views[key] for key in keys if key in ground.views}
    fresh: dict[int, list[int]] = {}
    for i, camera in enumerate(cameras):
        if keys[i] not in found:
            number = part_at(ground, camera.geom.x, camera.geom.y)
            fresh.setdefault(number, []).append(i)
    for number, which in fresh.items():
        part = ground.parts[number]
        views = [camera_watcher(cameras[i], part.frame).view for i in which]
        known = [(i, view) for i, view in zip(which, views, strict=True) if view is not None]
        places = sorted({(cameras[i].geom.x, cameras[i].geom.y) for i, _ in known})
        range_m = max((view.max_range_m for _, view in known), default=1.0)
        scene = scene_around(part.frame, places, range_m=range_m)
        lines = sight_lines(scene, [view for _, view in known], ground.grids[number])
        for row, (i, _) in enumerate(known):
            points, px = lines.of(row)
            found[keys[i]] = (number, np.sort(points[px >= ground.least_px_per_m]))
            ground.remember(keys[i], *found[keys[i]])
    return [found[key] for key in keys]


def part_at(ground: Ground, lon: float, lat: float) -> int:
    """The part whose streets come nearest to a point."""
    if len(ground.parts) == 1:
        return 0
    nearest = []
    for number, part in enumerate(ground.parts):
        if len(part.streets) and abs(part.frame.to_lonlat([[0.0, 0.0]])[0][0] - lon) < 12.0:
            offset = part.streets.xy - part.frame.to_local([(lon, lat)])[0]
            nearest.append((float((offset**2).sum(axis=1).min()), number))
    return min(nearest)[1] if nearest else 0


def places_of(
    sites: list[PlanSite], moved: Mapping[int, tuple[float, float]]
) -> dict[int, tuple[float, float]]:
    for lon, lat in moved.values():
        require_lonlat(lon, lat)
    return {site.pk: moved.get(site.pk, (site.geom.x, site.geom.y)) for site in sites}
