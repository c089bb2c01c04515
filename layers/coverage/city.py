"""Cameras and buildings out of the database, as the engine takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from layers.assets.models import AssetStatus, Camera, CameraKind, CameraModel, OpticsStandard
from layers.coverage.optics import EDITIONS, CameraView, field_of_view_deg
from layers.coverage.scene import Scene
from layers.errors import InvalidInput, NotFound
from layers.places.frames import Frame

#: What is assumed of a camera that the records leave open; every answer says how often.
DEFAULT_HEIGHT_M = 5.0
DEFAULT_RANGE_M = 150.0
DEFAULT_WIDTH_PX = 1920
DEFAULT_HEIGHT_PX = 1080
DEFAULT_FOV_DEG = 90.0
#: Cameras this close (m) that look alike are taken for one recorded twice.
DUPLICATE_M = 0.5
METRES_PER_DEGREE = 111_320.0
#: Buildings this much beyond a camera's range are loaded too: degrees are no exact metres.
REACH_MARGIN_M = 5.0
ASSUMPTIONS = ("ground taken as flat", "trees not known")


@dataclass(frozen=True)
class Watcher:
    """One camera ready for the engine, or the reason why it is left out."""

    camera_id: int
    code: str
    name: str
    lon: float
    lat: float
    view: CameraView | None
    reach: CameraView | None
    reason: str = ""
    assumed: tuple[str, ...] = ()


def levels_of(edition: str | None = None) -> tuple[str, dict[str, float]]:
    """Name of the edition of the pixel density table, and its levels, least first.

    The table in the database counts; an edition that is not in it is taken as published.
    """
    wanted = edition or settings.NCC_OPTICS_EDITION
    rows = dict(
        OpticsStandard.objects.filter(edition=wanted)
        .order_by("px_per_m")
        .values_list("level", "px_per_m")
    )
    if rows:
        return wanted, rows
    if wanted in EDITIONS:
        return wanted, dict(EDITIONS[wanted])
    raise NotFound(
        _("no pixel density table {name}").format(name=repr(wanted)),
        value=wanted,
        remedy=_("choose one of {names}").format(names=", ".join(sorted(EDITIONS))),
    )


def vertical_fov_deg(hfov_deg: float, *, width_px: float, height_px: float) -> float:
    """Vertical field of a flat picture from its horizontal one and its sides."""
    return math.degrees(2 * math.atan(math.tan(math.radians(hfov_deg) / 2) * height_px / width_px))


def lens_fov_deg(model: CameraModel | None) -> float:
    """Field of view of one sensor at its shortest focal length; 90° where no model is known."""
    return (
        field_of_view_deg(model.sensor_width_mm, model.focal_min_mm) if model else DEFAULT_FOV_DEG
    )


def camera_views(
    kind: str,
    *,
    fov_deg: float,
    lens_fov_deg: float,
    heading_deg: float | None,
    tilt_deg: float | None,
    image_height_px: float,
    **common: Any,
) -> tuple[CameraView | None, CameraView | None]:
    """What a camera of a kind watches now, and what it could turn to: the same unless it is a PTZ.

    `heading_deg` is a grid bearing; without one only a full circle is watched. A PTZ has its lens
    of `fov_deg` and turns it anywhere. The sensors of a multi-sensor camera, each with a lens of
    `lens_fov_deg`, share `fov_deg`. `common` are the other fields of `CameraView`.
    """
    reach = None
    if kind == CameraKind.PTZ:
        reach = CameraView(**common, hfov_deg=360.0, lens_hfov_deg=min(fov_deg, 179.0))
    if heading_deg is None and fov_deg < 360.0:
        return None, reach
    lens = min(lens_fov_deg, fov_deg, 179.0) if kind == CameraKind.MULTI else None
    flat_deg = lens if lens is not None else fov_deg
    tilted = tilt_deg is not None and flat_deg < 180.0
    view = CameraView(
        **common,
        heading_deg=heading_deg or 0.0,
        hfov_deg=fov_deg,
        lens_hfov_deg=lens,
        tilt_deg=tilt_deg if tilt_deg is not None and tilted else 0.0,
        vfov_deg=vertical_fov_deg(
            flat_deg, width_px=common["image_width_px"], height_px=image_height_px
        )
        if tilted
        else None,
    )
    return view, reach or view


def camera_watcher(camera: Camera, frame: Frame) -> Watcher:
    """A camera record as the engine takes it; what the record leaves open is assumed and named."""
    lon, lat = camera.geom.x, camera.geom.y
    base: dict[str, Any] = {
        "camera_id": camera.pk,
        "code": camera.code,
        "name": camera.name,
        "lon": lon,
        "lat": lat,
    }
    if camera.status != AssetStatus.ACTIVE:
        return Watcher(**base, view=None, reach=None, reason=str(camera.status))
    assumed = []
    model = camera.model
    lens = lens_fov_deg(model)
    fov = camera.fov_deg
    if fov is None:
        fov = 360.0 if camera.kind == CameraKind.MULTI else lens
        if model is None:
            assumed.append("fov_deg")
    if model is None:
        assumed.append("model")
    if camera.mount_height_m is None:
        assumed.append("mount_height_m")
    if camera.heading_source == Camera.HeadingSource.ASSUMED:
        assumed.append("heading_deg")
    x, y = frame.to_local([(lon, lat)])[0]
    view, reach = camera_views(
        camera.kind,
        fov_deg=fov,
        lens_fov_deg=lens,
        heading_deg=None
        if camera.heading_deg is None
        else frame.grid_bearing_deg(camera.heading_deg, lon, lat),
        tilt_deg=camera.tilt_deg,
        image_height_px=model.image_height_px if model else DEFAULT_HEIGHT_PX,
        x=float(x),
        y=float(y),
        height_m=camera.mount_height_m or DEFAULT_HEIGHT_M,
        image_width_px=float(model.image_width_px if model else DEFAULT_WIDTH_PX),
        max_range_m=camera.max_range_m or DEFAULT_RANGE_M,
        target_height_m=settings.NCC_TARGET_HEIGHT_M,
    )
    if view is None:
        turning = camera.kind == CameraKind.PTZ
        reason = "heading unknown" if not turning else "PTZ without a heading: reach only"
        return Watcher(**base, view=None, reach=reach, reason=reason, assumed=tuple(assumed))
    if camera.tilt_deg is None and not (view.is_radial and view.lens_hfov_deg is None):
        assumed.append("tilt_deg")
    return Watcher(**base, view=view, reach=reach, assumed=tuple(assumed))


def duplicate_views(looking: Iterable[tuple[str, object]]) -> list[list[str]]:
    """Codes of cameras that look from one place along one bearing (to 0.5 m and 1°) with one lens.

    Takes codes with views of one frame. Mostly these are two records of one camera; cameras on
    one pole that look apart are none.
    """
    alike: dict[tuple[Any, ...], list[tuple[str, CameraView]]] = {}
    for code, view in sorted(looking, key=lambda item: item[0]):
        if not isinstance(view, CameraView):
            continue
        kind = (round(view.hfov_deg), round(view.height_m, 1), view.lens_hfov_deg is None)
        alike.setdefault(kind, []).append((code, view))
    found = []
    for members in alike.values():
        groups: list[tuple[CameraView, list[str]]] = []
        for code, view in members:
            for first, codes in groups:
                apart_m = math.hypot(view.x - first.x, view.y - first.y)
                apart_deg = abs((view.heading_deg - first.heading_deg + 180.0) % 360.0 - 180.0)
                if apart_m <= DUPLICATE_M and (apart_deg <= 1.0 or view.hfov_deg >= 360.0):
                    codes.append(code)
                    break
            else:
                groups.append((view, [code]))
        found += [codes for _first, codes in groups if len(codes) > 1]
    return sorted(found)


def building_height_m(height_m: float | None, levels: float | None) -> float:
    """Height of a building: as recorded, else by its levels, else the setting's default."""
    if height_m is not None and height_m > 0:
        return float(height_m)
    if levels is not None and levels > 0:
        return float(levels) * settings.NCC_STOREY_HEIGHT_M
    return float(settings.NCC_DEFAULT_LEVELS * settings.NCC_STOREY_HEIGHT_M)


def reach_pads(
    lat: NDArray[np.float64], range_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Degrees of longitude and latitude that hold everything within range at a latitude."""
    pad_lat = (range_m + REACH_MARGIN_M) / METRES_PER_DEGREE
    return pad_lat / np.maximum(0.05, np.cos(np.radians(lat))), pad_lat


def scene_around(frame: Frame, lonlat: Iterable[tuple[float, float]], *, range_m: float) -> Scene:
    """Scene of every building within `range_m` of any of the points (degrees)."""
    points = np.asarray(list(lonlat), dtype=np.float64).reshape(-1, 2)
    if not len(points):
        return Scene.from_polygons([])
    pad_lon, pad_lat = reach_pads(points[:, 1], np.full(len(points), range_m))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (b.id) b.id, ST_AsBinary(b.geom), b.height_m, b.levels"
            " FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[])"
            "   AS p(lon, lat, pad_lon, pad_lat)"
            " JOIN layers_building b ON b.geom && ST_MakeEnvelope("
            "  p.lon - p.pad_lon, p.lat - p.pad_lat, p.lon + p.pad_lon, p.lat + p.pad_lat, 4326)"
            " ORDER BY b.id",
            [points[:, 0].tolist(), points[:, 1].tolist(), pad_lon.tolist(), pad_lat.tolist()],
        )
        rows = cursor.fetchall()
    shapes = (
        shapely.from_wkb([bytes(row[1]) for row in rows]) if rows else np.empty(0, dtype=object)
    )
    heights: NDArray[np.float64] = np.array(
        [building_height_m(row[2], row[3]) for row in rows], dtype=np.float64
    )
    return Scene.from_polygons(frame.geometries_to_local(shapes) if rows else [], heights)


def model_named(name: str | None) -> CameraModel | None:
    """The camera model of a name; None where none is named; `NotFound` with those known."""
    if not name:
        return None
    model = CameraModel.objects.filter(name__iexact=name).first()
    if model is None:
        known = (
            ", ".join(CameraModel.objects.values_list("name", flat=True)[:8]) or "none is loaded"
        )
        raise NotFound(f"no camera model {name!r}", value=name, remedy=f"known models: {known}")
    return model


def watchers(cameras: Sequence[Camera], frame: Frame) -> list[Watcher]:
    """Every camera, ready or with its reason; a record the engine refuses is left out with its words."""
    found = []
    for camera in cameras:
        try:
            found.append(camera_watcher(camera, frame))
        except InvalidInput as error:
            found.append(
                Watcher(
                    camera_id=camera.pk, code=camera.code, name=camera.name, lon=camera.geom.x, lat=camera.geom.y,
                    view=None, reach=None, reason=str(error),
                )
            )  # fmt: skip
    return found
