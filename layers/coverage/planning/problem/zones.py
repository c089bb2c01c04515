"""The siting problem of a plan: its ground, its poles and cameras, zone by zone, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.analysis import Progress, RunPart
from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.ground import sites_seeing_now
from layers.coverage.planning.options import Lens
from layers.coverage.planning.problem.candidates import Poles, candidate_poles
from layers.coverage.planning.problem.existing import Standing, standing_cameras
from layers.coverage.planning.problem.matrix import Options, options_of_poles
from layers.coverage.siting import CoverageProblem
from layers.coverage.visibility import PointGrid
from layers.errors import InvalidInput
from layers.geo.crs import utm_srid

#: Farther than this from every street (m) a required place is taken for a mistake.
FAR_FROM_STREETS_M = 20_000.0
#: Most entries of the matrix (camera sees piece): about 25 bytes each while it is solved.
MOST_ENTRIES = 60_000_000
#: Poles by which the entries of all of them are estimated.
SAMPLE = 256


@dataclass(frozen=True, eq=False)
class Zone:
    """One zone of a plan: its ground, the pieces to be won, its poles, cameras and their options.

    `points` street pieces; `first`, `second` what the first and the second site to see each of
    them earn from now on; `standing` the existing cameras that may change.
    """

    part: RunPart
    points: NDArray[np.int64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    poles: Poles
    options: Options
    standing: Standing


@dataclass(frozen=True, eq=False)
class Ask:
    """The siting problem of a plan, and what its rows and sites are.

    Sites 0 to `poles` − 1 are the candidate poles of the zones, one zone after the other; the rest
    are existing cameras. `found` counts the candidates before any had to be left out.
    """

    zones: list[Zone]
    problem: CoverageProblem
    poles: int
    cameras: int
    found: int

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """Places of the candidate poles, (n, 2) degrees."""
        return np.concatenate([zone.poles.lonlat for zone in self.zones])

    def before(self) -> float:
        """What the existing cameras that may change earn as they hang."""
        return float(
            sum(zone.first[zone.standing.seen_now() > 0].sum() for zone in self.zones if zone.standing)
        )  # fmt: skip


def build_zones(
    parts: list[RunPart], asked: PlanAsked, lenses: list[Lens], *, least: float,
    progress: Progress, stopped: Callable[[], bool],
) -> tuple[list[Zone], int]:  # fmt: skip
    """Poles and options of every part; and how many candidates there were.

    All of them are kept unless the question allows fewer or the matrix would not fit into memory;
    then the ones with most unseen demand in reach are.
    """
    reach_m = max(lens.reach_m(least) for lens in lenses)
    alone = len(parts) == 1
    required = _shared_out(parts, asked.required, alone)
    extra = _shared_out(parts, asked.candidates_extra, alone)
    drafts = []
    for part, must, may in zip(parts, required, extra, strict=True):
        grid = PointGrid.of(part.streets.xy)
        standing = standing_cameras(part, grid, asked, lenses, least=least)
        first, second = _worth(part, asked, standing, least)
        poles = candidate_poles(
            part.frame, part.streets, asked, required=must, extra=may, worth=first, reach_m=reach_m
        )
        drafts.append((part, first, second, poles, standing))
    found = sum(len(draft[3]) for draft in drafts)
    keep = _promising([draft[3] for draft in drafts], asked.most_candidates)
    zones = []
    for (part, first, second, poles, standing), mask in zip(drafts, keep, strict=True):
        points = np.flatnonzero(first > 0)
        mine = poles.only(mask)
        progress(f"sight lines from {len(mine):,} candidates to {len(points):,} street pieces")
        grid = PointGrid.of(part.streets.xy[points])

        def options(
            of: Poles,
            part: RunPart = part,
            grid: PointGrid = grid,
            told: Callable[[int], None] = lambda poles: None,
        ) -> Options:
            return options_of_poles(
                part.frame, of, grid, lenses, least_px_per_m=least,
                headings_deg=asked.headings_deg, mount_height_m=asked.mount_height_m,
                stopped=stopped, told=told,
            )  # fmt: skip

        mine = _fitting(mine, options, share=len(mine) / max(1, sum(int(m.sum()) for m in keep)))
        narrow = _columns(standing, points)
        seen = options(mine, told=_counting(progress, len(mine)))
        zones.append(Zone(part, points, first[points], second[points], mine, seen, narrow))
    return zones, found


def _counting(progress: Progress, candidates: int) -> Callable[[int], None]:
    return lambda n: progress(f"sight lines from {n:,} of {candidates:,} candidates")


def problem_of(zones: list[Zone], found: int, lenses: list[Lens], asked: PlanAsked) -> Ask:
    """The siting problem of all zones side by side."""
    price = np.array([lens.price_idr for lens in lenses], dtype=np.int64)
    poles = sum(len(zone.poles) for zone in zones)
    cameras = sum(len(zone.standing) for zone in zones)
    covers = [sparse.vstack([zone.options.covers, zone.standing.covers]) for zone in zones]
    site, cost = [], []
    pole, camera = 0, poles
    for zone in zones:
        site += [zone.options.pole + pole, zone.standing.camera + camera]
        cost += [price[zone.options.lens], zone.standing.cost_idr]
        pole += len(zone.poles)
        camera += len(zone.standing)
    must = np.concatenate([zone.poles.required for zone in zones])
    backup = np.concatenate([zone.second for zone in zones])
    problem = CoverageProblem(
        covers=sparse.csr_matrix(sparse.block_diag(covers)),
        weights=np.concatenate([zone.first for zone in zones]),
        option_site=np.concatenate(site),
        site_cost_idr=np.concatenate(
            [
                np.full(poles, asked.site_cost_idr, dtype=np.int64),
                np.zeros(cameras, dtype=np.int64),
            ]
        ),
        option_cost_idr=np.concatenate(cost),
        budget_idr=asked.budget_idr,
        max_sites=None if asked.sites is None else asked.sites + cameras,
        cameras_per_site=asked.cameras_per_site,
        site_cameras=np.repeat([asked.cameras_per_site, 1], [poles, cameras]) if cameras else None,
        required_sites=[*np.flatnonzero(must).tolist(), *range(poles, poles + cameras)],
        backup_weights=backup if backup.any() else None,
    )
    return Ask(zones, problem, poles, cameras, found)


def _worth(
    part: RunPart, asked: PlanAsked, standing: Standing, least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the first and the second site to see each street piece earn."""
    demand = part.streets.demand
    seen = part.now[asked.level].astype(np.int64)
    if asked.backup_share:
        seen = sites_seeing_now(part, least)
    if standing:
        seen = seen - standing.seen_now()
    share = np.array([1.0, asked.backup_share, 0.0])
    times = np.minimum(seen, 2) if asked.backup_share else np.where(seen > 0, 2, 0)
    first = demand * share[times]
    second = np.where(times == 0, demand * asked.backup_share, 0.0)
    return first, second


def _shared_out(
    parts: list[RunPart], places: NDArray[np.float64], alone: bool
) -> list[NDArray[np.float64]]:
    """The places of each part; `InvalidInput` for one far from every street."""
    placed = np.zeros(len(places), dtype=bool)
    mine = []
    for part in parts:
        here = _places_of(part, places, alone=alone) & ~placed
        placed |= here
        mine.append(places[here])
    if not placed.all():
        lon, lat = places[~placed][0].tolist()
        raise InvalidInput(
            _("the place {lon} {lat} is more than {n} km from every street").format(
                lon=lon, lat=lat, n=round(FAR_FROM_STREETS_M / 1000)
            ),
            value=(lon, lat),
            remedy=_("check that longitude stands before latitude, or import the streets there"),
        )
    return mine


def _places_of(part: RunPart, must: NDArray[np.float64], *, alone: bool) -> NDArray[np.bool_]:
    """Which places belong to a part: its zone's, near its streets."""
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
    return np.asarray(mine & near.all(axis=1))


def _promising(poles: Sequence[Poles], most: int | None) -> list[NDArray[np.bool_]]:
    """Masks of the `most` poles with most demand in reach, over all zones; required ones stay."""
    count = sum(len(own) for own in poles)
    keep = np.ones(count, dtype=bool)
    if most is not None and count > most:
        worth = np.concatenate([own.promise for own in poles])
        must = np.concatenate([own.required for own in poles])
        order = np.lexsort((np.arange(count), -worth, ~must))
        keep[order[max(most, int(must.sum())) :]] = False
    return np.split(keep, np.cumsum([len(own) for own in poles])[:-1])


def _fitting(poles: Poles, options: Callable[[Poles], Options], *, share: float) -> Poles:
    """The poles whose part of the matrix fits into memory, by a sample of them."""
    if len(poles) <= 4 * SAMPLE:
        return poles
    sample = np.zeros(len(poles), dtype=bool)
    sample[np.linspace(0, len(poles) - 1, SAMPLE).astype(np.int64)] = True
    each = options(poles.only(sample)).covers.nnz / SAMPLE
    return poles.only(_promising([poles], int(MOST_ENTRIES * share / max(1.0, each)))[0])


def _columns(standing: Standing, points: NDArray[np.int64]) -> Standing:
    """The same cameras over some of the street pieces."""
    return replace(standing, covers=sparse.csr_matrix(standing.covers)[:, points])
