"""Two runs side by side: what each area won and lost, which streets, and which cameras made it so."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import shapely
import shapely.ops

from layers.coverage.figures.models import CoverageLoss
from layers.coverage.models import CoverageRun, CoverageStreet
from layers.errors import InvalidInput

#: Stretches on the map, the longest first; the sums are of all.
MOST_STRETCHES = 4_000
#: Ends of stretches closer than this (m) along their road are one.
_SAME_M = 1e-6
_SHARES = (
    ("street", "street_m", "street_m"), ("demand", "demand", "demand"), ("ground", "area_m2", "m2"),
    ("people", "people", "people"),
)  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A stretch of a road in one run, and whether it is seen at the compared level."""

    start_m: float
    end_m: float
    seen: bool
    demand: float
    shape: Any


def runs_compare(
    first: CoverageRun, second: CoverageRun, *, level: str | None = None
) -> dict[str, Any]:
    """What is different in `second`: totals, areas, streets won and lost, cameras gone and come.

    Streets are compared metre by metre along each road, where both runs have it; what only one has
    is told apart. Raises `InvalidInput` for runs of different subjects, or a level that one lacks.
    """
    if first.subject != second.subject:
        raise InvalidInput(
            "one run is of cameras, the other of wifi", remedy="compare two runs of the same kind"
        )
    level = level or second.level
    for run in (first, second):
        if level not in run.parameters["levels"]:
            raise InvalidInput(
                f"run {run.pk} has no level {level!r}",
                value=level,
                remedy=f"it has {', '.join(run.parameters['levels'])}",
            )
    won, lost, apart_m, features = _streets(first, second, level)
    return {
        "first": _named(first), "second": _named(second), "level": level,
        "totals": [_total(run, level) for run in (first, second)],
        "areas": _areas(first, second, level),
        "street_won_m": won, "street_lost_m": lost, "street_in_one_m": apart_m,
        "streets": {
            "type": "FeatureCollection",
            "features": [feature for _, feature in features[:MOST_STRETCHES]],
        },
        "left_out": max(0, len(features) - MOST_STRETCHES),
        **_lookers(first, second),
        "different": [
            key for key in ("profile", "as_of", "area", "edition", "levels", "inputs")
            if first.parameters.get(key) != second.parameters.get(key)
        ],
    }  # fmt: skip


def _named(run: CoverageRun) -> dict[str, Any]:
    return {"run": run.pk, "as_of": run.as_of, "finished_at": run.finished_at, "level": run.level}


def _total(run: CoverageRun, level: str) -> dict[str, Any]:
    figures = run.figures
    return {
        "cameras": figures["cameras"],
        "street_m": figures["street_m"], "street_covered_m": figures["street_covered_m"][level],
        "demand": figures["demand"], "demand_covered": figures["demand_covered"][level],
        "area_m2": figures["area_m2"], "ground_covered_m2": figures["visible_m2"][level],
        "people": figures["people"], "people_covered": figures["people_covered"][level],
    }  # fmt: skip


def _areas(first: CoverageRun, second: CoverageRun, level: str) -> list[dict[str, Any]]:
    """Each area of either run: its shares before and after (0 to 1), and the difference seen."""
    found: dict[str, dict[str, Any]] = {}
    for place, run in enumerate((first, second)):
        for row in run.figures["areas"]:
            known = found.setdefault(row["code"], {"row": row, "runs": [None, None]})
            known["runs"][place] = row
    rows = []
    for code, known in sorted(found.items()):
        row = {name: known["row"][name] for name in ("code", "name", "level", "parent")}
        for name, whole, part in _SHARES:
            shares = [_share(run, whole, part, level) for run in known["runs"]]
            row[name] = shares
            amounts = [0.0 if run is None else run["by_level"][level][part] for run in known["runs"]]  # fmt: skip
            row[f"{name}_more"] = round(amounts[1] - amounts[0], 9)
        row["cameras"] = [0 if run is None else run["cameras"] for run in known["runs"]]
        row["code"] = code
        rows.append(row)
    return rows


def _share(row: dict[str, Any] | None, whole: str, part: str, level: str) -> float | None:
    if row is None or not row[whole]:
        return None
    return float(row["by_level"][level][part] / row[whole])


def _lookers(first: CoverageRun, second: CoverageRun) -> dict[str, list[dict[str, Any]]]:
    """Who counts in one run only."""
    counted = []
    for run in (first, second):
        rows = CoverageLoss.objects.filter(run=run, rank__isnull=False).exclude(kind="site")
        counted.append({row.code: row for row in rows.order_by("code")})
    return {
        name: [
            {
                "code": row.code, "name": row.name, "street_m": row.street_m,
                "lon": round(row.geom.x, 7), "lat": round(row.geom.y, 7),
            }
            for code, row in counted[here].items()
            if code not in counted[1 - here]
        ]
        for name, here in (("gone", 0), ("come", 1))
    }  # fmt: skip


def _stretches(run: CoverageRun, level: str) -> dict[int, list[Stretch]]:
    ordered = sorted(run.parameters["levels"], key=lambda name: run.parameters["levels"][name])
    enough = set(ordered[ordered.index(level) :])
    found: dict[int, list[Stretch]] = defaultdict(list)
    rows = CoverageStreet.objects.filter(run=run).order_by("road_id", "start_m", "pk")
    for road, start, length, seen, demand, shape in rows.values_list(
        "road_id", "start_m", "length_m", "seen_level", "demand", "geom"
    ).iterator(chunk_size=5_000):
        found[road or 0].append(Stretch(start, start + length, seen in enough, demand, shape))
    return found


def _streets(
    first: CoverageRun, second: CoverageRun, level: str
) -> tuple[float, float, float, list[tuple[float, dict[str, Any]]]]:
    """Metres won, lost and in one run only, and what was won and lost as lines, the longest first."""
    before, after = _stretches(first, level), _stretches(second, level)
    won = lost = apart = 0.0
    features = []
    for road in before.keys() | after.keys():
        old, new = before.get(road, []), after.get(road, [])
        common = 0.0
        at = 0
        for stretch in new:
            while at < len(old) and old[at].end_m <= stretch.start_m + _SAME_M:
                at += 1
            other = at
            while other < len(old) and old[other].start_m < stretch.end_m - _SAME_M:
                low = max(stretch.start_m, old[other].start_m)
                high = min(stretch.end_m, old[other].end_m)
                metres = max(0.0, high - low)
                common += metres
                if stretch.seen != old[other].seen and metres > _SAME_M:
                    features.append((metres, _feature(stretch, low, high)))
                    if stretch.seen:
                        won += metres
                    else:
                        lost += metres
                other += 1
        apart += sum(s.end_m - s.start_m for s in [*old, *new]) - 2 * common
    features.sort(key=lambda item: (-item[0], item[1]["geometry"]["coordinates"][0]))
    return round(won, 9), round(lost, 9), max(0.0, round(apart, 6)), features


def _feature(stretch: Stretch, low: float, high: float) -> dict[str, Any]:
    length = max(stretch.end_m - stretch.start_m, _SAME_M)
    shares = (low - stretch.start_m) / length, (high - stretch.start_m) / length
    line = shapely.from_wkb(bytes(stretch.shape.wkb))
    if shares[0] > 0 or shares[1] < 1:
        line = shapely.ops.substring(line, *shares, normalized=True)
    return {
        "type": "Feature",
        "properties": {
            "change": "won" if stretch.seen else "lost", "metres": round(high - low, 2),
            "demand": round(stretch.demand * (high - low) / length, 3),
        },
        "geometry": {"type": "LineString", "coordinates": [[round(x, 7), round(y, 7)] for x, y in line.coords]},
    }  # fmt: skip
