"""What the sites of a stored plan gain where they stand now, and what a pin somewhere would add."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils import timezone
from numpy.typing import NDArray

from layers.assets.models import AssetStatus, Camera, CameraKind
from layers.coverage.analysis import RunPart
from layers.coverage.city import ASSUMPTIONS, camera_watcher, levels_of, scene_around
from layers.coverage.demand import Profile, profile_named
from layers.coverage.models import Plan, PlanSite
from layers.coverage.planning.ground import Ground, known_ground
from layers.coverage.planning.options import (
    CAMERA_COST_IDR,
    CAMERAS_PER_SITE,
    HEADINGS_DEG,
    MOUNT_HEIGHT_M,
    SITE_COST_IDR,
    Lens,
    lens_named,
    lenses_for,
)
from layers.coverage.sights import require_lonlat
from layers.coverage.siting import best_cameras
from layers.coverage.visibility import pole_sight, sight_lines, slice_camera
from layers.errors import InvalidInput, NotFound


def plan_gains(
    plan_id: int,
    *,
    without: Collection[int] = (),
    moved: Mapping[int, tuple[float, float]] | None = None,
    ignoring_cameras: Collection[int] = (),
) -> dict[str, Any]:
    """Gains of a plan's sites where they stand now, by the sight lines it was made with.

    Demand, levels and moment are those stored with the plan; cameras and buildings are today's.
    `without`: sites (primary keys) left out, because they are refused or taken off. `moved`: places
    (longitude, latitude) to try for sites, nothing is stored. `ignoring_cameras`: cameras taken as
    not there, those built from this very plan above all.

    Existing cameras that the plan turns or replaces hang as planned; `re_aim_gain` is what that
    brings. `sites` maps each site counted, in the plan's order, to what it adds to the ones before it, and
    adds up with it to `objective`; `losses` maps it to what would be lost without it. Raises `NotFound`
    for an unknown plan or site and `InvalidInput` for a place that is none.
    """
    plan, ground = _ground_of(plan_id, ignoring_cameras)
    sites = _sites(plan, without)
    places = _places(sites, moved or {})
    seen = _seen_by_sites(ground, sites, places)
    worth = _Worth(ground, _backup(plan))
    turned = _turn(plan, ground, worth, ignoring_cameras)
    gains, objective = {}, turned
    for site in sites:
        gains[site.pk] = worth.take(seen[site.pk])
        objective += gains[site.pk]
    return {
        "plan": plan.pk,
        "sites": gains,
        "re_aim_gain": turned,
        "losses": {site.pk: worth.loss(seen[site.pk]) for site in sites},
        "objective": objective,
        **_figures(plan, ground),
    }


def site_gain_at(
    plan_id: int | None,
    lon: float,
    lat: float,
    *,
    cameras: Sequence[Mapping[str, Any]] | None = None,
    cameras_per_site: int | None = None,
    without: Collection[int] = (),
    ignoring_cameras: Collection[int] = (),
    level: str = "detect",
    area_code: str | None = None,
    profile_name: str | None = None,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """What a pole at a point would add to the active cameras and a plan's sites; nothing is stored.

    `gain` beside the plan's sites except `without`, `alone` beside the active cameras only. Each of
    `cameras` has `heading_deg` and may have `model` (a name), `fov_deg` and `mount_height_m`.
    Without any the best of every heading and model of the price list are chosen, at most
    `cameras_per_site` (the plan's number), a camera only where it is worth its price in a plan
    within a budget. `plan_id` None asks about the city of today: `level`, `area_code`,
    `profile_name` and `as_of` (this hour) then say what counts; with a plan the plan says it.
    """
    require_lonlat(lon, lat)
    if plan_id is None:
        plan = None
        ground = _ground_today(level, area_code, profile_name, as_of, ignoring_cameras)
        sites: list[PlanSite] = []
    else:
        plan, ground = _ground_of(plan_id, ignoring_cameras)
        sites = _sites(plan, without)
    seen = _seen_by_sites(ground, sites, _places(sites, {}))
    backup = 0.0 if plan is None else _backup(plan)
    alone, beside = _Worth(ground, backup), _Worth(ground, backup)
    if plan is not None:
        _turn(plan, ground, alone, ignoring_cameras)
        _turn(plan, ground, beside, ignoring_cameras)
    for site in sites:
        beside.take(seen[site.pk])
    number = _part_at(ground, lon, lat)
    if cameras is None:
        chosen = _best_headings(ground, number, lon, lat, beside, plan, cameras_per_site)
    else:
        chosen = [_camera_asked(row) for row in cameras]
    rows = [_camera(lon, lat, row) for row in chosen]
    views = _seen_by(ground, rows)
    listed = [
        {name: value for name, value in row.items() if name != "record"} | {"alone": alone.value([view])}
        for row, view in zip(chosen, views, strict=True)
    ]  # fmt: skip
    street, area = _street_at(ground.parts[number], lon, lat)
    return {
        "plan": None if plan is None else plan.pk,
        "lon": lon,
        "lat": lat,
        "gain": beside.value(views),
        "alone": alone.value(views),
        "cameras": listed,
        "cost_idr": SITE_COST_IDR + sum(int(row["cost_idr"]) for row in chosen),
        "street": street,
        "area": area,
        **_figures(plan, ground),
    }


class _Worth:
    """Demand still to be earned piece by piece, while sites are taken in one after another.

    `times` counts the sites that see a piece, an active camera as one; the first earns its demand,
    the second `backup` of it once more.
    """

    def __init__(self, ground: Ground, backup: float) -> None:
        self.demand = [part.streets.demand for part in ground.parts]
        self.times = [times.copy() for times in (ground.sites_seeing if backup else ground.seen)]
        self.shares = np.array([1.0, backup, 0.0])

    def left(self, part: int) -> NDArray[np.float64]:
        """What one more site would earn on each piece of a part."""
        return np.asarray(self.demand[part] * self.shares[np.minimum(self.times[part], 2)])

    def value(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """What a site with these views would earn now."""
        return sum(
            float((self.demand[part][pieces] * self.shares[np.minimum(self.times[part][pieces], 2)]).sum())
            for part, pieces in _joined(views)
        )  # fmt: skip

    def take(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """Take a site in; what it earned."""
        union = _joined(views)
        earned = self.value(union)
        for part, pieces in union:
            self.times[part][pieces] += 1
        return earned

    def loss(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """What would be lost with a site that was taken in."""
        union = _joined(views)
        for part, pieces in union:
            self.times[part][pieces] -= 1
        lost = self.value(union)
        for part, pieces in union:
            self.times[part][pieces] += 1
        return lost


def _joined(
    views: Iterable[tuple[int, NDArray[np.int32]]],
) -> list[tuple[int, NDArray[np.int32]]]:
    """The pieces that cameras of one pole see, each once."""
    by_part: dict[int, list[NDArray[np.int32]]] = {}
    for part, pieces in views:
        by_part.setdefault(part, []).append(pieces)
    return [(part, np.unique(np.concatenate(pieces))) for part, pieces in sorted(by_part.items())]


def _turned_cameras(plan: Plan) -> dict[int, dict[str, Any]]:
    """Existing cameras that a plan turns or replaces, by primary key."""
    return {int(row["camera"]): row for row in plan.parameters.get("re_aimed") or []}


def _turn(plan: Plan, ground: Ground, worth: _Worth, ignoring: Collection[int]) -> float:
    """Take in the existing cameras that a plan turns, as planned; what that earns more than today."""
    rows = _turned_cameras(plan)
    cameras = Camera.objects.select_related("model").filter(
        pk__in=set(rows) - set(ignoring), status=AssetStatus.ACTIVE
    )
    now = list(cameras.order_by("pk"))
    if not now:
        return 0.0
    today = worth.value(_seen_by(ground, now))
    planned = []
    for camera in now:
        row = rows[camera.pk]
        new = lens_named(row["model"]).model if row["model"] else camera.model
        planned.append(
            Camera(
                code="", name="", model=new, kind=camera.kind, status=camera.status,
                heading_deg=float(row["heading_deg"]), heading_source=Camera.HeadingSource.STATED,
                fov_deg=lens_named(row["model"]).fov_deg if row["model"] else camera.fov_deg,
                tilt_deg=None if row["model"] else camera.tilt_deg,
                mount_height_m=camera.mount_height_m, max_range_m=camera.max_range_m,
                geom=camera.geom,
            )
        )  # fmt: skip
    return worth.take(_seen_by(ground, planned)) - today


def _backup(plan: Plan) -> float:
    return float(plan.parameters.get("backup_share") or 0.0)


def _ground_of(plan_id: int, ignoring: Collection[int]) -> tuple[Plan, Ground]:
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise NotFound(f"no plan {plan_id}", value=plan_id, remedy="choose one of the plans listed")
    asked = plan.parameters
    ground = known_ground(
        area_code=asked.get("area"),
        level=plan.level,
        least_px_per_m=float(asked["levels"][plan.level]),
        profile=Profile(**asked["profile"]),
        as_of=datetime.fromisoformat(asked["as_of"]),
        ignoring=sorted({*ignoring, *_turned_cameras(plan)}),
    )
    return plan, ground


def _ground_today(
    level: str, area_code: str | None, profile_name: str | None, as_of: datetime | None,
    ignoring: Collection[int],
) -> Ground:  # fmt: skip
    edition, levels = levels_of()
    if level not in levels:
        raise InvalidInput(
            f"no level {level!r} in {edition}",
            value=level,
            remedy=f"choose one of {', '.join(levels)}",
        )
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return known_ground(
        area_code=area_code, level=level, least_px_per_m=levels[level],
        profile=profile_named(profile_name), as_of=as_of or hour, ignoring=ignoring,
    )  # fmt: skip


def _sites(plan: Plan, without: Collection[int]) -> list[PlanSite]:
    """The plan's sites that count, in its order, with their cameras."""
    sites = list(plan.sites.order_by("order").prefetch_related("cameras__model"))
    unknown = set(without) - {site.pk for site in sites}
    if unknown:
        raise NotFound(
            f"plan {plan.pk} has no site {min(unknown)}",
            value=min(unknown),
            remedy="choose one of the plan's sites",
        )
    return [site for site in sites if site.pk not in without]


def _places(
    sites: list[PlanSite], moved: Mapping[int, tuple[float, float]]
) -> dict[int, tuple[float, float]]:
    for lon, lat in moved.values():
        require_lonlat(lon, lat)
    return {site.pk: moved.get(site.pk, (site.geom.x, site.geom.y)) for site in sites}


def _seen_by_sites(
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
            records.append(_camera(*places[site.pk], asked))
            owner.append(site.pk)
    found: dict[int, list[tuple[int, NDArray[np.int32]]]] = {site.pk: [] for site in sites}
    for site_id, view in zip(owner, _seen_by(ground, records), strict=True):
        found[site_id].append(view)
    return found


def _camera(lon: float, lat: float, asked: Mapping[str, Any]) -> Camera:
    """An active camera that is nowhere stored, as it would stand in the records."""
    return Camera(
        code="", name="", model=asked["record"], kind=CameraKind.FIXED, status=AssetStatus.ACTIVE,
        heading_deg=float(asked["heading_deg"]) % 360.0, heading_source=Camera.HeadingSource.STATED,
        fov_deg=asked["fov_deg"], mount_height_m=asked["mount_height_m"],
        geom=Point(lon, lat, srid=4326),
    )  # fmt: skip


def _seen_by(ground: Ground, cameras: list[Camera]) -> list[tuple[int, NDArray[np.int32]]]:
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
            number = _part_at(ground, camera.geom.x, camera.geom.y)
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


def _part_at(ground: Ground, lon: float, lat: float) -> int:
    """The part whose streets come nearest to a point."""
    if len(ground.parts) == 1:
        return 0
    nearest = []
    for number, part in enumerate(ground.parts):
        if len(part.streets) and abs(part.frame.to_lonlat([[0.0, 0.0]])[0][0] - lon) < 12.0:
            offset = part.streets.xy - part.frame.to_local([(lon, lat)])[0]
            nearest.append((float((offset**2).sum(axis=1).min()), number))
    return min(nearest)[1] if nearest else 0


def _street_at(part: RunPart, lon: float, lat: float) -> tuple[str, str | None]:
    """Name of the street and code of the area of the piece nearest to a point."""
    streets = part.streets
    if not len(streets):
        return "", None
    offset = streets.xy - part.frame.to_local([(lon, lat)])[0]
    piece = int(np.argmin((offset**2).sum(axis=1)))
    index = int(streets.area[piece])
    return streets.names.get(int(streets.road[piece]), ""), (
        streets.areas[index].code if index >= 0 else None
    )


def _camera_asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A camera of a question with everything filled in; `NotFound` for an unknown model."""
    if row.get("heading_deg") is None:
        raise InvalidInput("a camera has no heading", remedy="give heading_deg from true north")
    lens = lens_named(row.get("model"))
    return _camera_row(
        lens,
        float(row["heading_deg"]) % 360.0,
        float(row.get("mount_height_m") or MOUNT_HEIGHT_M),
        fov_deg=float(row.get("fov_deg") or lens.fov_deg),
    )


def _camera_row(
    lens: Lens, heading_deg: float, mount_height_m: float, *, fov_deg: float | None = None
) -> dict[str, Any]:
    return {
        "heading_deg": heading_deg, "model": lens.name, "record": lens.model,
        "fov_deg": lens.fov_deg if fov_deg is None else fov_deg, "mount_height_m": mount_height_m,
        "cost_idr": lens.price_idr,
    }  # fmt: skip


def _best_headings(
    ground: Ground, number: int, lon: float, lat: float, worth: _Worth, plan: Plan | None,
    cameras_per_site: int | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The cameras that earn most at a place, less their price at the plan's price of a rupiah."""
    asked = plan.parameters if plan is not None else {}
    headings = [float(heading) for heading in asked.get("headings_deg") or HEADINGS_DEG]
    height_m = float(asked.get("mount_height_m") or MOUNT_HEIGHT_M)
    most = cameras_per_site or int(asked.get("cameras_per_site") or CAMERAS_PER_SITE)
    price = float(((plan.certificate if plan is not None else None) or {}).get("rupiah_price") or 0)
    lenses = lenses_for(
        ground.least_px_per_m,
        names=asked.get("models_asked"),
        camera_cost_idr=int(asked.get("camera_cost_idr") or CAMERA_COST_IDR),
    )
    part = ground.parts[number]
    range_m = max(lens.reach_m(ground.least_px_per_m) for lens in lenses)
    target_height_m = float(settings.NCC_TARGET_HEIGHT_M)
    sight = pole_sight(
        scene_around(part.frame, [(lon, lat)], range_m=range_m),
        part.frame.to_local([(lon, lat)]), height_m, ground.grids[number], range_m,
        target_height_m=target_height_m,
    )  # fmt: skip
    rows, seen = [], []
    for lens in lenses:
        view = lens.view(range_m=range_m, target_height_m=target_height_m, height_m=height_m)
        for heading in headings:
            bearing = part.frame.grid_bearing_deg(heading, lon, lat)
            points, px = slice_camera(sight, 0, replace(view, heading_deg=bearing))
            rows.append(_camera_row(lens, heading, height_m))
            seen.append(np.sort(points[px >= ground.least_px_per_m]))
    chosen = best_cameras(
        seen, worth.left(number), [row["cost_idr"] for row in rows],
        rupiah_price=price, cameras=most,
    )  # fmt: skip
    return [rows[i] for i in sorted(chosen, key=lambda i: (rows[i]["heading_deg"], rows[i]["model"]))]  # fmt: skip


def _figures(plan: Plan | None, ground: Ground) -> dict[str, Any]:
    """What the numbers stand beside; `as_planned` where cameras see what they saw for the plan."""
    covered = sum(
        float(part.streets.demand[part.now[ground.level] > 0].sum()) for part in ground.parts
    )
    return {
        "level": ground.level,
        "demand": sum(float(part.streets.demand.sum()) for part in ground.parts),
        "covered_before": covered,
        "as_planned": plan is not None
        and bool(np.isclose(plan.covered_before, covered, rtol=1e-9, atol=0.01)),
        "assumptions": list(ASSUMPTIONS),
    }
