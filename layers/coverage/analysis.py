"""A coverage run: what the city's cameras see of its streets and demand, and where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from layers.assets.models import Camera
from layers.coverage.city import ASSUMPTIONS, Watcher, levels_of, scene_around, watchers
from layers.coverage.demand import Profile, Streets, build_streets, profile_named
from layers.coverage.gaps import rank_gaps
from layers.coverage.models import CoverageGap, CoverageRun, CoverageStreet
from layers.coverage.optics import CameraView
from layers.coverage.regions import visible_regions
from layers.coverage.visibility import sight_lines
from layers.errors import InvalidInput, NotFound
from layers.geo.crs import utm_srid
from layers.places.frames import Frame, frame_at, zone_groups
from layers.places.models import Area

#: Camera ranges reach past the edge of an area; cameras this far outside are asked too (degrees).
EDGE_DEG = 0.02
MOST_GAPS = 100
Progress = Callable[[str], None]


def area_with_code(code: str | None) -> Area | None:
    """The area of a code; None for the whole installation; `NotFound` where there is none."""
    if not code:
        return None
    area = Area.objects.filter(code=code).first()
    if area is None:
        raise NotFound(
            f"no area {code!r}",
            value=code,
            remedy="import areas first, or choose a code from the list of areas",
        )
    return area


class RunPart:
    """One zone's share of a run."""

    def __init__(
        self, frame: Frame, streets: Streets, ready: list[Watcher], levels: dict[str, float]
    ) -> None:
        self.frame = frame
        self.streets = streets
        self.ready = ready
        count = len(streets)
        self.now = {level: np.zeros(count, dtype=np.int32) for level in levels}
        self.reach = {level: np.zeros(count, dtype=bool) for level in levels}
        self.visible_m2 = dict.fromkeys(["visible", *levels], 0.0)
        self.cameras_of_area = np.zeros(len(streets.areas), dtype=np.int64)


def _look(part: RunPart, levels: dict[str, float], outline: Any) -> None:
    """Fill in what the part's cameras see: street pieces by sight lines, ground by regions."""
    views = [(item, item.view) for item in part.ready if item.view is not None]
    reaches = [
        item.reach for item in part.ready if item.reach is not None and item.reach is not item.view
    ]
    every = [view for _, view in views] + reaches
    if not every:
        return
    range_m = max(view.max_range_m for view in every)
    scene = scene_around(part.frame, [(item.lon, item.lat) for item in part.ready], range_m=range_m)
    if len(part.streets):
        count_views(part.now, scene, [view for _, view in views], part.streets, levels)
        seen = {level: np.zeros(len(part.streets), dtype=np.int32) for level in levels}
        count_views(seen, scene, reaches, part.streets, levels)
        for level in levels:
            part.reach[level] = (part.now[level] > 0) | (seen[level] > 0)
    regions = visible_regions(scene, [view for _, view in views], levels)
    for level in part.visible_m2:
        union = (
            shapely.union_all([region[level] for region in regions])
            if regions
            else shapely.Polygon()
        )
        if outline is not None:
            union = shapely.intersection(union, outline)
        part.visible_m2[level] = float(union.area)


def count_views(
    into: dict[str, NDArray[np.int32]],
    scene: Any,
    views: list[CameraView],
    streets: Streets,
    levels: dict[str, float],
) -> None:
    """Add to each level's counts the views that see each street piece at it (px/m >=)."""
    if not views:
        return
    lines = sight_lines(scene, views, streets.xy)
    for level, least in levels.items():
        hit = lines.px_per_m >= least
        into[level] += np.bincount(lines.point[hit], minlength=len(streets)).astype(np.int32)


def coverage_analyse(
    *,
    area_code: str | None = None,
    level: str = "detect",
    profile_name: str | None = None,
    edition: str | None = None,
    as_of: datetime | None = None,
    requested_by: Any = None,
    progress: Progress = lambda line: None,
) -> dict[str, Any]:
    """Analyse coverage, store the run and return its figures.

    A street piece is covered at a level when a target at its middle is seen with at least that many
    pixels per metre (>=). Covered and uncovered street add up to all street. PTZ cameras count by
    where they look now; what they could reach is told apart under `reachable`. Raises `NotFound`
    for an unknown area and `InvalidInput` for an unknown level or when there are no streets.
    """
    started = time.monotonic()
    edition_name, levels = levels_of(edition)
    if level not in levels:
        raise InvalidInput(
            f"no level {level!r} in {edition_name}",
            value=level,
            remedy=f"choose one of {', '.join(levels)}",
        )
    area = area_with_code(area_code)
    profile = profile_named(profile_name)
    moment = as_of or timezone.now()
    cameras = Camera.objects.select_related("model").order_by("code")
    if area is not None:
        near = area.geom.envelope.buffer(EDGE_DEG)
        cameras = cameras.filter(geom__intersects=near)
    rows = list(cameras)
    parts = run_parts(rows, area, profile, moment, levels, progress)
    if not any(len(part.streets) for part in parts) and not rows:
        raise InvalidInput(
            "there are no streets and no cameras to analyse",
            remedy="import roads and cameras first (import_osm, import_layer)",
        )
    for part in parts:
        progress(f"{len(part.streets):,} street pieces, {len(part.ready):,} cameras")
        outline = (
            part.frame.geometries_to_local(shapely.from_wkb(bytes(area.geom.wkb)))
            if area is not None
            else None
        )
        _look(part, levels, outline)
    figures = _figures(parts, levels, level, rows)
    parameters = {
        "profile": profile.as_dict(), "as_of": moment.isoformat(), "area": area_code, "edition": edition_name,
        "levels": levels, "assumptions": list(ASSUMPTIONS), "working_srid": [part.frame.srid for part in parts],
    }  # fmt: skip
    with transaction.atomic():
        run = CoverageRun.objects.create(
            level=level, edition=edition_name, area=area, parameters=parameters, requested_by=requested_by,
            state=CoverageRun.State.DONE, finished_at=timezone.now(),
        )  # fmt: skip
        figures["gaps"] = _store(run, parts, level)
        figures = {"run": run.pk, "level": level, **figures, "edition": edition_name}
        figures["assumptions"] = list(ASSUMPTIONS)
        figures["seconds"] = round(time.monotonic() - started, 3)
        run.figures = figures
        run.save(update_fields=["figures"])
    return figures


def run_parts(
    rows: list[Camera],
    area: Area | None,
    profile: Profile,
    moment: datetime,
    levels: dict[str, float],
    progress: Progress,
) -> list[RunPart]:
    """The run cut by UTM zone; one part for a city."""
    parts = []
    if area is not None:
        middle = area.geom.point_on_surface
        frame = frame_at(middle.x, middle.y)
        progress("cutting streets into pieces")
        streets = build_streets(frame, profile=profile, as_of=moment, area=area)
        return [RunPart(frame, streets, watchers(rows, frame), levels)]
    points = _extent_points(rows)
    for srid, indices in zone_groups(points):
        middle = points[indices].mean(axis=0)
        frame = frame_at(float(middle[0]), float(middle[1]))
        progress(f"cutting the streets of EPSG:{srid} into pieces")
        streets = build_streets(frame, profile=profile, as_of=moment, zone_srid=srid)
        here = [camera for camera in rows if utm_srid(camera.geom.x, camera.geom.y) == srid]
        parts.append(RunPart(frame, streets, watchers(here, frame), levels))
    return parts


def _extent_points(rows: list[Camera]) -> NDArray[np.float64]:
    """Where the data lie: every camera, and every hundredth of a degree in which a road begins.

    Neither the order nor the numbers of the records change it, and so no frame or figure.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT floor(ST_X(p) * 100) / 100 AS lon, floor(ST_Y(p) * 100) / 100 AS lat"
            " FROM (SELECT ST_StartPoint(geom) AS p FROM layers_road) AS s ORDER BY lon, lat"
        )
        roads = cursor.fetchall()
    cameras = [(camera.geom.x, camera.geom.y) for camera in rows]
    return np.array([*roads, *cameras], dtype=np.float64).reshape(-1, 2)


def _geos(shape: Any) -> Any:
    return GEOSGeometry(memoryview(shape.wkb), srid=4326)


def _round(value: float) -> float:
    return round(float(value), 3)


def _figures(
    parts: list[RunPart], levels: dict[str, float], level: str, rows: list[Camera]
) -> dict[str, Any]:
    def total(
        weigh: Callable[[RunPart], NDArray[np.float64]],
        which: Callable[[RunPart], NDArray[np.bool_]],
    ) -> float:
        return _round(sum(float(weigh(part)[which(part)].sum()) for part in parts))

    def covered(name: str) -> Callable[[RunPart], NDArray[np.bool_]]:
        return lambda part: part.now[name] > 0

    def reachable(name: str) -> Callable[[RunPart], NDArray[np.bool_]]:
        return lambda part: part.reach[name]

    excluded = [
        {"code": item.code, "reason": item.reason}
        for part in parts
        for item in part.ready
        if item.view is None
    ]
    counted = [item for part in parts for item in part.ready if item.view is not None]
    assumed: dict[str, int] = {}
    for item in counted:
        for name in item.assumed:
            assumed[name] = assumed.get(name, 0) + 1
    return {
        "cameras": len(counted),
        "excluded": excluded,
        "assumed": assumed,
        "visible_m2": {name: _round(sum(part.visible_m2[name] for part in parts)) for name in ["visible", *levels]},
        "street_m": _round(sum(float(part.streets.length_m.sum()) for part in parts)),
        "street_covered_m": {name: total(lambda p: p.streets.length_m, covered(name)) for name in levels},
        "demand": _round(sum(float(part.streets.demand.sum()) for part in parts)),
        "demand_covered": {name: total(lambda p: p.streets.demand, covered(name)) for name in levels},
        "reachable": {
            "street_covered_m": {name: total(lambda p: p.streets.length_m, reachable(name)) for name in levels},
            "demand_covered": {name: total(lambda p: p.streets.demand, reachable(name)) for name in levels},
        },
        "seen_by_one_m": total(lambda p: p.streets.length_m, lambda p: p.now[level] == 1),
        "areas": _areas(parts, level),
    }  # fmt: skip


def _areas(parts: list[RunPart], level: str) -> list[dict[str, Any]]:
    """Figures of the smallest areas and of what they are part of."""
    found: dict[str, dict[str, Any]] = {}
    for part in parts:
        streets = part.streets
        spots = np.array(
            [(item.lon, item.lat) for item in part.ready if item.view is not None]
        ).reshape(-1, 2)
        seen = part.now[level] > 0
        for index, area in enumerate(streets.areas):
            mine = streets.area == index
            if not mine.any():
                continue
            outline = shapely.from_wkb(bytes(area.geom.wkb))
            cameras = (
                int(shapely.contains_xy(outline, spots[:, 0], spots[:, 1]).sum())
                if len(spots)
                else 0
            )
            values = {
                "cameras": cameras,
                "street_m": float(streets.length_m[mine].sum()),
                "street_covered_m": float(streets.length_m[mine & seen].sum()),
                "demand": float(streets.demand[mine].sum()),
                "demand_covered": float(streets.demand[mine & seen].sum()),
            }
            step: Area | None = area
            while step is not None:
                row = found.setdefault(
                    step.code,
                    {
                        "code": step.code,
                        "name": step.name,
                        "level": step.level,
                        **dict.fromkeys(values, 0),
                    },
                )
                for key, value in values.items():
                    row[key] += value
                step = step.parent
    for row in found.values():
        for key in ("street_m", "street_covered_m", "demand", "demand_covered"):
            row[key] = _round(row[key])
    return sorted(found.values(), key=lambda row: row["code"])


def _store(run: CoverageRun, parts: list[RunPart], level: str) -> list[dict[str, Any]]:
    gaps: list[tuple[float, RunPart, Any]] = []
    for part in parts:
        streets = part.streets
        for gap in rank_gaps(
            part.now[level] == 0,
            demand=streets.demand,
            length_m=streets.length_m,
            links=streets.links,
            count=MOST_GAPS,
        ):
            gaps.append((gap.demand, part, gap))
        CoverageStreet.objects.bulk_create(_stretches(run, part, level), batch_size=2000)
    gaps.sort(key=lambda item: -item[0])
    listed = []
    for rank, (_, part, gap) in enumerate(gaps[:MOST_GAPS], start=1):
        streets = part.streets
        lon, lat = part.frame.to_lonlat(streets.xy[gap.pieces[:1]])[0]
        index = int(streets.area[gap.pieces[0]])
        area = streets.areas[index] if index >= 0 else None
        lines = part.frame.geometries_to_lonlat(
            shapely.MultiLineString(list(streets.lines[gap.pieces]))
        )
        street = streets.names.get(int(streets.road[gap.pieces[0]]), "")
        CoverageGap.objects.create(
            run=run, rank=rank, area=area, street=street, demand_uncovered=gap.demand, street_uncovered_m=gap.street_m,
            point=Point(float(lon), float(lat), srid=4326), geom=_geos(lines),
        )  # fmt: skip
        listed.append(
            {
                "rank": rank, "lon": round(float(lon), 7), "lat": round(float(lat), 7),
                "area": area.code if area else None, "area_name": area.name if area else "", "street": street,
                "demand_uncovered": _round(gap.demand), "street_uncovered_m": _round(gap.street_m),
            }
        )  # fmt: skip
    return listed


def _stretches(run: CoverageRun, part: RunPart, level: str) -> list[CoverageStreet]:
    """Neighbouring pieces of one road with the same number of cameras, as one line each."""
    streets = part.streets
    if not len(streets):
        return []
    cameras = part.now[level]
    ends = shapely.get_coordinates(shapely.get_point(streets.lines, -1))
    starts = shapely.get_coordinates(shapely.get_point(streets.lines, 0))
    apart = np.hypot(*(starts[1:] - ends[:-1]).T) > 0.01
    breaks = (
        np.flatnonzero(
            (streets.road[1:] != streets.road[:-1]) | (cameras[1:] != cameras[:-1]) | apart
        )
        + 1
    )
    first = np.concatenate([[0], breaks])
    last = np.concatenate([breaks, [len(streets)]])
    coords, index = shapely.get_coordinates(streets.lines, return_index=True)
    lonlat = part.frame.to_lonlat(coords)
    low = np.searchsorted(index, first)
    high = np.searchsorted(index, last)
    rows = []
    for a, b, c_low, c_high in zip(first, last, low, high, strict=True):
        line = shapely.LineString(np.round(lonlat[c_low:c_high], 7))
        rows.append(
            CoverageStreet(
                run=run, road_id=int(streets.road[a]), cameras=min(int(cameras[a]), 32_000),
                length_m=float(streets.length_m[a:b].sum()), demand=float(streets.demand[a:b].sum()),
                geom=_geos(line),
            )
        )  # fmt: skip
    return rows
