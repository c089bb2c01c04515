"""What a failure would cost: for each camera, hotspot and site, what it alone sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point
from numpy.typing import NDArray

from layers.coverage.figures.ground import PartGround
from layers.coverage.figures.merge import PartSeen
from layers.coverage.figures.models import CoverageLoss
from layers.coverage.figures.order import RunOrder
from layers.coverage.figures.totals import Parts
from layers.coverage.models import CoverageRun


@dataclass(frozen=True)
class Sole:
    """For each piece of a part: the number of the one looker, and of the one site, that sees it; else -1."""

    looker: NDArray[np.int64]
    site: NDArray[np.int64]
    sites: list[str]


def sole_of(part: PartGround, seen: PartSeen) -> Sole:
    """Who is the only one to see a piece at the run's level."""
    sites = sorted({looker.site_code for looker in part.lookers if looker.site_code})
    number = {code: at for at, code in enumerate(sites)}
    site_of = np.array([number.get(looker.site_code, -1) for looker in part.lookers], dtype=np.int64)  # fmt: skip
    piece, looker = seen.pairs[:, 0], seen.pairs[:, 1]
    by_looker = _only(len(part), piece, looker)
    if not len(sites):
        return Sole(by_looker, np.full(len(part), -1, dtype=np.int64), sites)
    return Sole(by_looker, _only(len(part), piece, site_of[looker]), sites)


def _only(n: int, piece: NDArray[np.int64], who: NDArray[np.int64]) -> NDArray[np.int64]:
    """The one that every pair of a piece names, -1 where there are several or none."""
    low = np.full(n, np.iinfo(np.int64).max)
    high = np.full(n, -1, dtype=np.int64)
    np.minimum.at(low, piece, who)
    np.maximum.at(high, piece, who)
    return np.where(low == high, high, -1)


def losses_of(order: RunOrder, run: CoverageRun, parts: Parts) -> list[CoverageLoss]:
    """Rows of what every camera, site and hotspot sees and would lose, ranked by demand lost."""
    kind = CoverageLoss.Kind.WIFI if order.wifi else CoverageLoss.Kind.CAMERA
    single: list[CoverageLoss] = []
    sites: dict[str, CoverageLoss] = {}
    for part, seen in parts:
        sole = sole_of(part, seen)
        street, demand = part.streets.length_m, part.streets.demand
        piece, looker = seen.pairs[:, 0], seen.pairs[:, 1]
        count = len(part.lookers)
        sees = _sums(looker, piece, count, street, demand)
        alone = np.flatnonzero(sole.looker >= 0)
        loses = _sums(sole.looker[alone], alone, count, street, demand)
        for at, item in enumerate(part.lookers):
            single.append(
                CoverageLoss(
                    run=run, kind=kind, code=item.code, name=item.name, site_code=item.site_code,
                    cameras=1, reason=item.reason[:300], street_m=sees[0][at], demand=sees[1][at],
                    lost_street_m=loses[0][at], lost_demand=loses[1][at],
                    geom=Point(item.lon, item.lat, srid=4326),
                )
            )  # fmt: skip
        if not sole.sites:
            continue
        number = {code: at for at, code in enumerate(sole.sites)}
        site_of = np.array([number.get(item.site_code, -1) for item in part.lookers], dtype=np.int64)  # fmt: skip
        both = np.unique(np.column_stack([piece, site_of[looker]]), axis=0)
        sees = _sums(both[:, 1], both[:, 0], len(sole.sites), street, demand)
        alone = np.flatnonzero(sole.site >= 0)
        loses = _sums(sole.site[alone], alone, len(sole.sites), street, demand)
        for at, code in enumerate(sole.sites):
            here = [item for item in part.lookers if item.site_code == code]
            sites[code] = CoverageLoss(
                run=run, kind=CoverageLoss.Kind.SITE, code=code, name=here[0].site_name, site_code=code,
                cameras=sum(item.counted for item in here),
                reason="" if any(item.counted for item in here) else "no camera that counts",
                street_m=sees[0][at], demand=sees[1][at], lost_street_m=loses[0][at],
                lost_demand=loses[1][at], geom=Point(here[0].lon, here[0].lat, srid=4326),
            )  # fmt: skip
    return [*_ranked(single), *_ranked(list(sites.values()))]


def _sums(
    who: NDArray[np.int64], piece: NDArray[np.int64], count: int, *values: NDArray[np.float64]
) -> list[list[float]]:
    if not len(who):
        return [[0.0] * count for _ in values]
    return [np.bincount(who, weights=value[piece], minlength=count).tolist() for value in values]


def _ranked(rows: list[CoverageLoss]) -> list[CoverageLoss]:
    """Most demand lost first, then most street, then by code; what does not count has no rank."""
    rows.sort(key=lambda row: (bool(row.reason), -row.lost_demand, -row.lost_street_m, row.code))
    for rank, row in enumerate((row for row in rows if not row.reason), start=1):
        row.rank = rank
    return rows


def losses_shown(rows: Any, count: int) -> list[dict[str, Any]]:
    """The worst rows as a page shows them."""
    return [
        {
            "rank": row.rank, "code": row.code, "name": row.name, "cameras": row.cameras,
            "street_m": row.street_m, "demand": row.demand, "lost_street_m": row.lost_street_m,
            "lost_demand": row.lost_demand, "lon": round(row.geom.x, 7), "lat": round(row.geom.y, 7),
            "site_code": row.site_code,
        }
        for row in rows[:count]
    ]  # fmt: skip
