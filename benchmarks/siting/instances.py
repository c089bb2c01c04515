"""Clustered siting instances on a plane of streets, for benchmarks and scale tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from layers.coverage.siting import CoverageProblem


@dataclass(frozen=True)
class Town:
    """Streets of a square town: `streets` east-west and as many north-south, `length_m` long,
    cut into pieces of `piece_m`; sight along a street ends at bends about `bend_m` apart."""

    streets: int
    length_m: float
    piece_m: float
    bend_m: float = 140.0
    range_m: float = 150.0


#: Streets without many bends and a long sight: everything overlaps, nothing contains another.
DENSE = {"bend_m": 900.0, "range_m": 260.0}


def town_for(points: int, *, dense: bool = False) -> Town:
    """A town with about this many demand pieces of 1 m and a street each 100 m."""
    streets = max(2, round((points / 200.0) ** 0.5))
    return Town(
        streets, 100.0 * streets, 200.0 * streets * streets / points, **(DENSE if dense else {})
    )


def instance(
    *,
    candidates: int,
    points: int,
    seed: int = 0,
    models: int = 1,
    headings: bool = False,
    dense: bool = False,
    **limits: object,
) -> CoverageProblem:
    """Candidates along the streets, each seeing the street both ways to its range or to the next
    bend, and near a corner the crossing street as well.

    Without `headings` one all-round camera a site; with them one option for each direction of
    sight and for each of `models` ranges (cheaper ones see less far). Demand has hot spots.
    `dense`: long overlapping views, no two candidates alike.
    """
    rng = np.random.default_rng(seed)
    town = town_for(points, dense=dense)
    n = round(town.length_m / town.piece_m)
    bends = [
        np.sort(rng.random(round(town.length_m / town.bend_m)) * town.length_m)
        for _ in range(2 * town.streets)
    ]
    spacing = town.length_m / town.streets
    street = rng.integers(0, 2 * town.streets, candidates)
    at = rng.random(candidates) * town.length_m
    corner = rng.random(candidates) < 0.4
    at[corner] = (np.floor(at[corner] / spacing) + 0.5) * spacing
    rows: list[np.ndarray] = []
    owner: list[int] = []
    cost: list[int] = []
    for s in range(candidates):
        arms = _arms(town, bends[street[s]], int(street[s]), float(at[s]), n)
        if corner[s]:
            other = int(at[s] / spacing)
            crossing = other + town.streets if street[s] < town.streets else other
            here = (street[s] % town.streets + 0.5) * spacing
            arms += _arms(town, bends[crossing], crossing, float(here), n)
        if not headings:
            rows.append(np.unique(np.concatenate([np.arange(a, b) for a, b, _ in arms])))
            owner.append(s)
            cost.append(9_000_000)
            continue
        for start, stop, forward in arms:
            for model in range(models):
                reach = max(1, round((stop - start) * (model + 1) / models))
                low, high = (start, start + reach) if forward else (stop - reach, stop)
                rows.append(np.arange(low, high))
                owner.append(s)
                cost.append(5_000_000 + 4_000_000 * model)
    total = 2 * town.streets * n
    indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    covers = sparse.csr_matrix(
        (np.ones(indptr[-1], dtype=bool), np.concatenate(rows), indptr), shape=(len(rows), total)
    )
    return CoverageProblem(
        covers=covers,
        weights=_demand(rng, town, n),
        option_site=np.asarray(owner),
        site_cost_idr=rng.integers(20, 60, candidates) * 1_000_000,
        option_cost_idr=np.asarray(cost),
        **limits,  # type: ignore[arg-type]
    )


def _arms(
    town: Town, bends: np.ndarray, street: int, at_m: float, n: int
) -> list[tuple[int, int, bool]]:
    """Pieces seen along a street from a place on it, each way: first, end, whether forward."""
    k = int(np.searchsorted(bends, at_m))
    ahead = min(bends[k] if k < len(bends) else town.length_m, at_m + town.range_m)
    behind = max(bends[k - 1] if k else 0.0, at_m - town.range_m)
    here = min(n - 1, int(at_m / town.piece_m))
    last = max(here + 1, min(n, int(ahead / town.piece_m)))
    first = min(here, int(behind / town.piece_m))
    return [
        (street * n + here, street * n + last, True),
        (street * n + first, street * n + here + 1, False),
    ]


def _demand(rng: np.random.Generator, town: Town, n: int) -> np.ndarray:
    """Metres of street, heavier near hot spots."""
    along = (np.arange(n) + 0.5) * town.piece_m
    across = (np.arange(town.streets) + 0.5) * town.length_m / town.streets
    spots = rng.random((12, 2)) * town.length_m
    out = []
    for horizontal in (True, False):
        for fixed in across:
            x, y = (along, fixed) if horizontal else (fixed, along)
            heat = sum(
                np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * (0.06 * town.length_m) ** 2))
                for a, b in spots
            )
            out.append(town.piece_m * (0.2 + 5.0 * np.broadcast_to(heat, n)))
    weights = np.concatenate(out)
    return np.asarray(np.round(weights, 3))
