"""Writing a run: its streets, its gaps, what failures cost, and its figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from layers.coverage.figures.ground import PartGround
from layers.coverage.figures.losses import losses_of, sole_of
from layers.coverage.figures.merge import PartSeen
from layers.coverage.figures.models import CoverageLoss
from layers.coverage.figures.order import RunOrder, input_versions
from layers.coverage.figures.totals import Parts, run_figures
from layers.coverage.gaps import rank_gaps
from layers.coverage.models import CoverageGap, CoverageRun

MOST_GAPS = 100
_COPY_STREETS = (
    "COPY layers_coveragestreet (run_id, road_id, start_m, area_id, cameras, seen_level, reach_level,"
    " sole_code, sole_site, length_m, demand, geom) FROM STDIN"
)


def run_begin(
    order: RunOrder, *, parameters: dict[str, Any], requested_by: Any = None, repeats: Any = None
) -> CoverageRun:
    """A run that is being worked, with all its parameters as they were when its data were read."""
    return CoverageRun.objects.create(
        subject=order.subject, level=order.level, edition=order.edition, area=order.area, as_of=order.as_of,
        parameters=parameters, requested_by=requested_by, repeats=repeats,
    )  # fmt: skip


def run_record(
    run: CoverageRun, order: RunOrder, parts: Parts, *, seconds: float | None = None
) -> dict[str, Any]:
    """Bring a run to its end: store everything and return its figures."""
    figures = run_figures(order, parts)
    figures["gaps"] = _gaps(run, order, parts)
    for part, seen in parts:
        _streets(run, order, part, seen)
    losses = losses_of(order, run, parts)
    CoverageLoss.objects.bulk_create(losses, batch_size=2000)
    figures["failures"] = _worst(losses)
    figures = {"run": run.pk, "level": order.level, **figures, "edition": order.edition}
    figures["assumptions"] = run.parameters["assumptions"]
    run.parameters["working_srid"] = [part.frame.srid for part, _ in parts]
    if input_versions() != run.parameters["inputs"]:
        figures["changed_meanwhile"] = True
    run.state = CoverageRun.State.DONE
    run.finished_at = timezone.now()
    spent = (run.finished_at - run.started_at).total_seconds() if seconds is None else seconds
    figures["seconds"] = round(spent, 3)
    run.figures = figures
    run.save(update_fields=["state", "finished_at", "figures", "parameters"])
    return figures


def _worst(losses: list[CoverageLoss]) -> dict[str, Any]:
    """The failure of each kind that would cost most."""
    found = {}
    for kind in CoverageLoss.Kind.values:
        first = next((row for row in losses if row.kind == kind and row.rank == 1), None)
        if first is not None:
            found[kind] = {
                "code": first.code, "lost_street_m": round(first.lost_street_m, 9),
                "lost_demand": round(first.lost_demand, 9),
            }  # fmt: skip
    return found


def _gaps(run: CoverageRun, order: RunOrder, parts: Parts) -> list[dict[str, Any]]:
    found: list[tuple[float, int, PartGround, Any]] = []
    rank = list(order.levels).index(order.level)
    for at, (part, seen) in enumerate(parts):
        streets = part.streets
        for gap in rank_gaps(
            seen.best <= rank, demand=streets.demand, length_m=streets.length_m, links=streets.links,
            count=MOST_GAPS,
        ):  # fmt: skip
            found.append((gap.demand, at, part, gap))
    found.sort(key=lambda item: (-item[0], item[1]))
    listed, rows = [], []
    for number, (_, _, part, gap) in enumerate(found[:MOST_GAPS], start=1):
        streets = part.streets
        lon, lat = part.frame.to_lonlat(streets.xy[gap.pieces[:1]])[0].tolist()
        index = int(streets.area[gap.pieces[0]])
        area = part.areas[index] if index >= 0 else None
        lines = part.frame.geometries_to_lonlat(shapely.MultiLineString(list(streets.lines[gap.pieces])))  # fmt: skip
        named = _names(part, gap.pieces)
        street = named[0] if named else ""
        rows.append(
            CoverageGap(
                run=run, rank=number, area_id=area.id if area else None, street=street[:200],
                demand_uncovered=gap.demand, street_uncovered_m=gap.street_m,
                point=Point(lon, lat, srid=4326), geom=_geos(lines),
            )
        )  # fmt: skip
        listed.append(
            {
                "rank": number, "lon": round(lon, 7), "lat": round(lat, 7),
                "area": area.code if area else None, "area_name": area.name if area else "", "street": street,
                "streets": named[:4], "box": [round(v, 6) for v in lines.bounds],
                "demand_uncovered": round(gap.demand, 9), "street_uncovered_m": round(gap.street_m, 9),
            }
        )  # fmt: skip
    CoverageGap.objects.bulk_create(rows, batch_size=500)
    return listed


def _geos(shape: Any) -> Any:
    return GEOSGeometry(memoryview(shape.wkb), srid=4326)


def _names(part: PartGround, pieces: NDArray[np.int64]) -> list[str]:
    """Names of the streets of a gap: the worst piece's first, then by length."""
    streets = part.streets
    metres: dict[str, float] = {}
    for piece in pieces.tolist():
        name = streets.names.get(int(streets.road[piece]), "")
        if name:
            metres[name] = metres.get(name, 0.0) + float(streets.length_m[piece])
    first = streets.names.get(int(streets.road[pieces[0]]), "")
    return sorted(metres, key=lambda name: (name != first, -metres[name], name))


def _streets(run: CoverageRun, order: RunOrder, part: PartGround, seen: PartSeen) -> None:
    """Neighbouring pieces of one road that are alike in everything, as one line each."""
    streets = part.streets
    if not len(streets):
        return
    sole = sole_of(part, seen)
    ends = shapely.get_coordinates(shapely.get_point(streets.lines, -1))
    starts = shapely.get_coordinates(shapely.get_point(streets.lines, 0))
    apart = np.hypot(*(starts[1:] - ends[:-1]).T) > 0.01
    for kind in (streets.road, streets.area, seen.count, seen.best, seen.reach, sole.looker, sole.site):  # fmt: skip
        apart |= kind[1:] != kind[:-1]
    first = np.concatenate([[0], np.flatnonzero(apart) + 1])
    coords, index = shapely.get_coordinates(streets.lines, return_index=True)
    lonlat = np.round(part.frame.to_lonlat(coords), 7)
    owner = np.searchsorted(first, index, side="right") - 1
    lines = shapely.set_srid(shapely.linestrings(lonlat, indices=owner), 4326)
    shapes = shapely.to_wkb(lines, hex=True, include_srid=True)
    levels = ["", *order.levels]
    areas = [area.id for area in part.areas]
    length = np.add.reduceat(streets.length_m, first)
    demand = np.add.reduceat(streets.demand, first)
    with connection.cursor() as cursor, cursor.copy(_COPY_STREETS) as copy:
        for at, (a, shape) in enumerate(zip(first.tolist(), shapes, strict=True)):
            only, site, area = int(sole.looker[a]), int(sole.site[a]), int(streets.area[a])
            copy.write_row(
                (
                    run.pk, int(streets.road[a]), float(streets.start_m[a]),
                    areas[area] if area >= 0 else None, min(int(seen.count[a]), 32_000),
                    levels[seen.best[a]], levels[seen.reach[a]],
                    part.lookers[only].code if only >= 0 else "", sole.sites[site] if site >= 0 else "",
                    float(length[at]), float(demand[at]), shape,
                )
            )  # fmt: skip
