"""Making a plan: the most unseen demand for so many poles or so much money, with its proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils import timezone
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.analysis import Progress, RunPart, area_with_code
from layers.coverage.city import ASSUMPTIONS, levels_of
from layers.coverage.demand import profile_named
from layers.coverage.planning.candidates import (
    MOST_CANDIDATES,
    Poles,
    candidate_poles,
    demand_in_reach,
)
from layers.coverage.planning.ground import ground_of_plan, unseen
from layers.coverage.planning.matrix import Options, options_of_poles
from layers.coverage.planning.options import (
    HEADINGS_DEG,
    MOUNT_HEIGHT_M,
    SITE_COST_IDR,
    Lens,
    lenses_for,
)
from layers.coverage.planning.record import plan_record
from layers.coverage.planning.warming import siting_compile
from layers.coverage.siting import CoverageProblem, Solution, certificate_export, solve_coverage
from layers.errors import Infeasible, InvalidInput
from layers.geo.crs import utm_srid

#: Farther than this from every street (m) a required place is taken for a mistake.
FAR_FROM_STREETS_M = 20_000.0
#: Share of the time limit that is the solver's, whatever the sight lines took.
_LEAST_SOLVER_SHARE = 0.25
CAMERAS_PER_SITE = 4


@dataclass(frozen=True, eq=False)
class Zone:
    """One zone of a plan: its ground, the pieces no camera sees, its poles and their options."""

    part: RunPart
    points: NDArray[np.int64]
    poles: Poles
    options: Options


def plan_sites(
    *,
    sites: int | None = None,
    budget_idr: int | None = None,
    area_code: str | None = None,
    level: str = "detect",
    required: NDArray[np.float64] | None = None,
    forbidden: NDArray[np.object_] | None = None,
    gap: float = 0.01,
    time_limit_s: float = 60.0,
    seed: int = 0,
    profile_name: str | None = None,
    edition: str | None = None,
    as_of: datetime | None = None,
    name: str = "",
    certificate_path: Path | None = None,
    requested_by: Any = None,
    progress: Progress = lambda line: None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Plan new sites, store the plan and return it.

    At most (<=) `sites` poles and (<=) `budget_idr` rupiah, one of them at least. `required`
    (n, 2) degrees get a pole each, no pole stands in `forbidden` (shapely polygons, degrees). What
    active cameras see at the level is not bought again; planned, failed and retired ones count for
    nothing. The gain of a plan is what `coverage_analyse` finds more once its cameras are active.
    The method and its proof: docs/siting.md; candidates and options: docs/planning.md.

    Raises `InvalidInput` for input that cannot be meant, `NotFound` for an unknown area and
    `Infeasible`, with the numbers, where the required sites cannot all be built.
    """
    started = time.monotonic()
    _check_limits(sites, budget_idr, gap, time_limit_s)
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
    must = np.unique(np.asarray([] if required is None else required, dtype=np.float64).reshape(-1, 2), axis=0)  # fmt: skip
    barred = np.array([] if forbidden is None else forbidden, dtype=object)
    _check_apart(must, barred)
    least = levels[level]
    lenses = lenses_for(least)
    parts = ground_of_plan(
        area=area, level=level, least_px_per_m=least, profile=profile, as_of=moment, progress=progress
    )  # fmt: skip
    zones, found = _zones(parts, level, least, lenses, must, barred, progress)
    problem = _problem(zones, lenses, sites=sites, budget_idr=budget_idr)
    spent = time.monotonic() - started
    siting_compile()
    progress(
        f"{problem.n_sites:,} candidates, {problem.n_options:,} cameras, {problem.n_points:,} demand points"
    )
    solution = solve_coverage(
        problem,
        time_limit_s=max(time_limit_s - spent, _LEAST_SOLVER_SHARE * time_limit_s),
        gap=gap,
        seed=seed,
        on_progress=lambda step: progress(
            f"gain {step.objective:,.0f} of at most {step.bound:,.0f}"
        ),
        should_stop=should_stop,
    )
    if certificate_path is not None:
        certificate_export(solution.certificate, problem, certificate_path)
    answer = {
        "sites": _chosen(zones, lenses, solution),
        "objective": solution.objective,
        "bound": solution.bound,
        "gap": solution.gap,
        "demand": round(sum(float(part.streets.demand.sum()) for part in parts), 3),
        "covered_before": round(
            sum(float(part.streets.demand[part.now[level] > 0].sum()) for part in parts), 3
        ),
        "cost_idr": solution.cost_idr,
        "candidates": problem.n_sites,
        "candidates_found": found,
        "demand_points": problem.n_points,
        "status": solution.status,
        "level": level,
        "edition": edition_name,
        "models": [
            {"name": lens.name, "price_idr": lens.price_idr, "priced": lens.priced, "fov_deg": round(lens.fov_deg, 2)}
            for lens in lenses
        ],
        "site_cost_idr": SITE_COST_IDR,
        "assumptions": list(ASSUMPTIONS),
    }  # fmt: skip
    if found > problem.n_sites:
        answer["candidates_note"] = (
            f"{found:,} candidates; the {problem.n_sites:,} with most unseen demand in reach were"
            " considered, and the bound holds for these"
        )
    parameters = {
        "sites": sites, "budget_idr": budget_idr, "area": area_code, "edition": edition_name,
        "levels": levels, "profile": profile.as_dict(), "as_of": moment.isoformat(), "gap": gap,
        "time_limit_s": time_limit_s, "seed": seed, "mount_height_m": MOUNT_HEIGHT_M,
        "headings_deg": list(HEADINGS_DEG), "cameras_per_site": CAMERAS_PER_SITE,
        "required": must.tolist(), "forbidden": [shapely.to_wkt(shape) for shape in barred],
        "candidates": problem.n_sites, "candidates_found": found, "demand_points": problem.n_points,
        "models": answer["models"], "site_cost_idr": SITE_COST_IDR,
        "working_srid": [zone.part.frame.srid for zone in zones],
    }  # fmt: skip
    plan, seconds = plan_record(
        answer, name=name, area=area, parts=parts, lenses=lenses, parameters=parameters,
        certificate={
            "objective": solution.certificate.objective, "bound": solution.certificate.bound,
            "rupiah_price": solution.certificate.rupiah_price,
            "cameras": len(solution.certificate.options), "classes": solution.classes,
        },
        requested_by=requested_by, started=started,
    )  # fmt: skip
    return {"plan": plan, **answer, "seconds": seconds}


def _check_limits(
    sites: int | None, budget_idr: int | None, gap: float, time_limit_s: float
) -> None:
    if sites is None and budget_idr is None:
        raise InvalidInput("a plan needs a limit", remedy="give --sites, --budget or both")
    for name, value in (("sites", sites), ("budget", budget_idr)):
        if value is not None and value < 0:
            raise InvalidInput(f"{name} is {value}", value=value, remedy="give 0 or more")
    if not 0.0 <= gap <= 1.0:
        raise InvalidInput(f"gap is {gap}", value=gap, remedy="give a share from 0 to 1")
    if not 0.0 <= time_limit_s <= 86_400.0:
        raise InvalidInput(
            f"time limit is {time_limit_s} s", value=time_limit_s, remedy="give 0 to 86,400 seconds"
        )


def _check_apart(must: NDArray[np.float64], barred: NDArray[np.object_]) -> None:
    """Raise Infeasible where a required place lies in a forbidden one."""
    if not len(must) or not len(barred):
        return
    index, _ = shapely.STRtree(barred).query(shapely.points(must), predicate="intersects")
    both = np.unique(index)
    if len(both):
        lon, lat = must[both[0]].tolist()
        raise Infeasible(
            f"{len(both)} of {len(must)} required places lie in a forbidden one; the first is {lon} {lat}",
            value=must[both].tolist(),
            where="required and forbidden places",
            remedy="take each of them off one of the two lists",
        )


def _zones(
    parts: list[RunPart], level: str, least: float, lenses: list[Lens],
    must: NDArray[np.float64], barred: NDArray[np.object_], progress: Progress,
) -> tuple[list[Zone], int]:  # fmt: skip
    """Poles and options of every part, cut to the most promising ones; and how many there were."""
    reach_m = max(lens.reach_m(least) for lens in lenses)
    points = [unseen(part, level) for part in parts]
    poles = []
    placed = np.zeros(len(must), dtype=bool)
    for part in parts:
        mine = _required_of(part, must, alone=len(parts) == 1) & ~placed
        placed |= mine
        poles.append(
            candidate_poles(part.frame, part.streets, required=must[mine], forbidden=barred)
        )
    if not placed.all():
        lon, lat = must[~placed][0].tolist()
        raise InvalidInput(
            f"the required place {lon} {lat} is more than {FAR_FROM_STREETS_M / 1000:.0f} km from every street",
            value=(lon, lat),
            where="required places",
            remedy="check that longitude stands before latitude, or import the streets there",
        )
    promise = [
        demand_in_reach(own, part.streets.xy[wanted], part.streets.demand[wanted], reach_m=reach_m)
        for part, own, wanted in zip(parts, poles, points, strict=True)
    ]
    worth = np.concatenate([np.empty(0), *promise])
    fixed = np.concatenate([np.empty(0, dtype=bool), *(own.required for own in poles)])
    useful = fixed | (worth > 0)
    found = int(useful.sum())
    keep = useful
    if found > MOST_CANDIDATES:
        order = np.lexsort((np.arange(len(worth)), -worth, ~fixed))
        keep = np.zeros(len(worth), dtype=bool)
        keep[order[: max(MOST_CANDIDATES, int(fixed.sum()))]] = True
        keep &= useful
    zones, first = [], 0
    for part, own, wanted in zip(parts, poles, points, strict=True):
        kept = own.only(keep[first : first + len(own)])
        first += len(own)
        progress(f"sight lines from {len(kept):,} candidates to {len(wanted):,} street pieces")
        options = options_of_poles(
            part.frame, kept, part.streets.xy[wanted], lenses, least_px_per_m=least
        )
        zones.append(Zone(part, wanted, kept, options))
    return zones, found


def _required_of(part: RunPart, must: NDArray[np.float64], *, alone: bool) -> NDArray[np.bool_]:
    """Which required places belong to a part: its zone's, near its streets."""
    if not len(must) or not len(part.streets):
        return np.zeros(len(must), dtype=bool)
    mine = np.array([abs(lat) <= 84 for _, lat in must.tolist()], dtype=bool)
    if not alone:
        lon, lat = part.frame.to_lonlat(part.streets.xy[:1])[0]
        zone = utm_srid(float(lon), float(lat))
        mine[mine] = [utm_srid(*place) == zone for place in must[mine].tolist()]
    low, high = part.streets.xy.min(axis=0), part.streets.xy.max(axis=0)
    xy = np.full((len(must), 2), np.inf)
    if mine.any():
        xy[mine] = part.frame.to_local(must[mine])
    near = (xy > low - FAR_FROM_STREETS_M) & (xy < high + FAR_FROM_STREETS_M)
    return mine & near.all(axis=1)


def _problem(
    zones: list[Zone], lenses: list[Lens], *, sites: int | None, budget_idr: int | None
) -> CoverageProblem:
    """The siting problem of all zones side by side."""
    price = np.array([lens.price_idr for lens in lenses], dtype=np.int64)
    offset = np.cumsum([0, *(len(zone.poles) for zone in zones)])
    required = np.concatenate([zone.poles.required for zone in zones])
    return CoverageProblem(
        covers=sparse.csr_matrix(sparse.block_diag([zone.options.covers for zone in zones])),
        weights=np.concatenate([zone.part.streets.demand[zone.points] for zone in zones]),
        option_site=np.concatenate([zone.options.pole + offset[i] for i, zone in enumerate(zones)]),
        site_cost_idr=np.full(int(offset[-1]), SITE_COST_IDR, dtype=np.int64),
        option_cost_idr=price[np.concatenate([zone.options.lens for zone in zones])],
        budget_idr=budget_idr,
        max_sites=sites,
        cameras_per_site=CAMERAS_PER_SITE,
        required_sites=np.flatnonzero(required).tolist(),
    )


def _chosen(zones: list[Zone], lenses: list[Lens], solution: Solution) -> list[dict[str, Any]]:
    """The sites of a solution in building order, each with its cameras by heading."""
    lonlat = np.concatenate([zone.poles.lonlat for zone in zones])
    offset = np.cumsum([0, *(len(zone.poles) for zone in zones)])
    site = np.concatenate([zone.options.pole + offset[i] for i, zone in enumerate(zones)])
    heading = np.concatenate([zone.options.heading_deg for zone in zones])
    lens = np.concatenate([zone.options.lens for zone in zones])
    of_site: dict[int, list[int]] = {}
    for option in solution.options.tolist():
        of_site.setdefault(int(site[option]), []).append(option)
    answer = []
    for index, gain in zip(solution.sites.tolist(), solution.gains.tolist(), strict=True):
        options = sorted(of_site[index], key=lambda o: (heading[o], lenses[lens[o]].name))
        cost = SITE_COST_IDR + sum(lenses[lens[o]].price_idr for o in options)
        answer.append(
            {
                "lon": float(lonlat[index, 0]),
                "lat": float(lonlat[index, 1]),
                "cost_idr": cost,
                "gain": gain,
                "cameras": [
                    {
                        "heading_deg": float(heading[o]), "model": lenses[lens[o]].name,
                        "fov_deg": round(lenses[lens[o]].fov_deg, 6), "mount_height_m": MOUNT_HEIGHT_M,
                        "cost_idr": lenses[lens[o]].price_idr,
                    }
                    for o in options
                ],
            }
        )  # fmt: skip
    return answer
