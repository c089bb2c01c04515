"""The figures of a run: shares of street, demand and ground by level, for the city and each area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.coverage.city import duplicate_views
from layers.coverage.figures.ground import AreaRow, PartGround
from layers.coverage.figures.merge import PartSeen
from layers.coverage.figures.order import RunOrder

Parts = Sequence[tuple[PartGround, PartSeen]]


def _round(value: float) -> float:
    return round(float(value), 9)


class Summed:
    """Sums of one set of street pieces at every level; they add up, exactly rounded once."""

    def __init__(self, levels: int) -> None:
        self.street: list[float] = []
        self.demand: list[float] = []
        self.seen_street: list[list[float]] = [[] for _ in range(levels)]
        self.seen_demand: list[list[float]] = [[] for _ in range(levels)]
        self.reach_street: list[list[float]] = [[] for _ in range(levels)]
        self.reach_demand: list[list[float]] = [[] for _ in range(levels)]
        self.m2: list[list[float]] = [[] for _ in range(levels + 1)]
        self.people: list[list[float]] = [[] for _ in range(levels)]
        self.population = 0
        self.area_m2: list[float] = []
        self.lookers = 0

    def add(self, part: PartGround, seen: PartSeen, chosen: NDArray[np.int64]) -> None:
        """Add the street pieces of these numbers."""
        street, demand = part.streets.length_m[chosen], part.streets.demand[chosen]
        best, reach = seen.best[chosen], seen.reach[chosen]
        self.street.append(math.fsum(street))
        self.demand.append(math.fsum(demand))
        for level in range(len(self.seen_street)):
            now, could = best > level, reach > level
            self.seen_street[level].append(math.fsum(street[now]))
            self.seen_demand[level].append(math.fsum(demand[now]))
            self.reach_street[level].append(math.fsum(street[could]))
            self.reach_demand[level].append(math.fsum(demand[could]))

    def add_ground(self, m2: NDArray[np.float64]) -> None:
        """Add ground seen: out to the range, then by level."""
        for column, value in enumerate(m2.tolist()):
            self.m2[column].append(value)

    def add_people(self, population: int) -> None:
        """Add people, spread evenly over the streets added so far; those of one area only."""
        self.population += population
        street = math.fsum(self.street)
        for level, seen in enumerate(self.seen_street):
            share = math.fsum(seen) / street if street > 0 else 0.0
            self.people[level].append(population * share)

    def take(self, other: Summed) -> None:
        """Add what another set has."""
        for name in ("street", "demand", "area_m2"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("seen_street", "seen_demand", "reach_street", "reach_demand", "m2", "people"):
            for mine, theirs in zip(getattr(self, name), getattr(other, name), strict=True):
                mine.extend(theirs)
        self.population += other.population
        self.lookers += other.lookers


def run_figures(order: RunOrder, parts: Parts) -> dict[str, Any]:
    """Everything a run tells in numbers, ranked gaps and failures apart."""
    names = list(order.levels)
    rank = names.index(order.level)
    whole = Summed(len(names))
    rows, smallest = _areas(order, parts)
    for part, seen in parts:
        whole.add(part, seen, np.arange(len(part)))
        whole.add_ground(seen.m2[0])
    for area in smallest.values():
        whole.population += area.population
        whole.area_m2.extend(area.area_m2)
        for mine, theirs in zip(whole.people, area.people, strict=True):
            mine.extend(theirs)
    lookers = [looker for part, _ in parts for looker in part.lookers]
    counted = [looker for looker in lookers if looker.counted]
    assumed: dict[str, int] = {}
    for looker in counted:
        for name in looker.assumed:
            assumed[name] = assumed.get(name, 0) + 1
    street, demand = math.fsum(whole.street), math.fsum(whole.demand)
    by_level = {
        name: {
            "street": math.fsum(whole.seen_street[k]), "demand": math.fsum(whole.seen_demand[k]),
            "reach_street": math.fsum(whole.reach_street[k]),
            "reach_demand": math.fsum(whole.reach_demand[k]), "people": math.fsum(whole.people[k]),
        }
        for k, name in enumerate(names)
    }  # fmt: skip
    left = _left(parts, len(names))

    def each(key: str) -> dict[str, float]:
        return {name: _round(by_level[name][key]) for name in names}

    return {
        "subject": order.subject,
        "cameras": len(counted),
        "turning": sum(looker.counted and looker.reach is not looker.view for looker in lookers),
        "reach_only": sum(not looker.counted and looker.reach is not None for looker in lookers),
        "excluded": [{"code": item.code, "reason": item.reason} for item in lookers if not item.counted],
        "assumed": assumed,
        "duplicates": sorted(
            codes
            for part, _ in parts
            for codes in duplicate_views((item.code, item.view) for item in part.lookers)
        ),
        "visible_m2": {
            name: _round(math.fsum(whole.m2[k])) for k, name in enumerate(["visible", *names])
        },
        "area_m2": _round(math.fsum(whole.area_m2)),
        "street_m": _round(street),
        "street_covered_m": each("street"),
        "street_uncovered_m": {name: _round(left[k][0]) for k, name in enumerate(names)},
        "demand": _round(demand),
        "demand_covered": each("demand"),
        "demand_uncovered": {name: _round(left[k][1]) for k, name in enumerate(names)},
        "reachable": {"street_covered_m": each("reach_street"), "demand_covered": each("reach_demand")},
        "people": whole.population,
        "people_covered": each("people"),
        **_redundancy(parts),
        "areas": rows,
        "outside": _outside(whole, smallest, rank),
    }  # fmt: skip


def _left(parts: Parts, levels: int) -> list[tuple[float, float]]:
    """Street and demand that is not seen, by level, added up on its own."""
    found = []
    for level in range(levels):
        metres: list[float] = []
        demand: list[float] = []
        for part, seen in parts:
            unseen = seen.best <= level
            metres.append(math.fsum(part.streets.length_m[unseen]))
            demand.append(math.fsum(part.streets.demand[unseen]))
        found.append((math.fsum(metres), math.fsum(demand)))
    return found


def _redundancy(parts: Parts) -> dict[str, Any]:
    """Street and demand by how many see it at the run's level: none, one, two or more."""
    found: dict[str, dict[str, float]] = {"street_m": {}, "demand": {}}
    for name, low, high in (("none", 0, 0), ("one", 1, 1), ("more", 2, np.inf)):
        chosen = [(part, (seen.count >= low) & (seen.count <= high)) for part, seen in parts]
        found["street_m"][name] = _round(
            math.fsum(math.fsum(part.streets.length_m[which]) for part, which in chosen)
        )
        found["demand"][name] = _round(
            math.fsum(math.fsum(part.streets.demand[which]) for part, which in chosen)
        )
    return {"seen_by": found, "seen_by_one_m": found["street_m"]["one"]}


def _areas(order: RunOrder, parts: Parts) -> tuple[list[dict[str, Any]], dict[str, Summed]]:
    """Figures of the smallest areas, and of what they are part of as the sum of its parts."""
    names = list(order.levels)
    known: dict[str, AreaRow] = {}
    smallest: dict[str, Summed] = {}
    for part, seen in parts:
        streets = part.streets
        by_area = np.argsort(streets.area, kind="stable")
        edges = np.searchsorted(streets.area[by_area], np.arange(len(part.areas) + 1))
        for number, area in enumerate(part.areas):
            known.setdefault(area.code, area)
            chosen = by_area[edges[number] : edges[number + 1]]
            ground = seen.m2[number + 1]
            here = [
                looker
                for looker, place in zip(part.lookers, part.looker_area, strict=True)
                if place == number
            ]
            if not len(chosen) and not ground.any() and not here:
                continue
            summed = smallest.setdefault(area.code, Summed(len(names)))
            summed.add(part, seen, chosen)
            summed.add_ground(ground)
            summed.lookers += sum(looker.counted for looker in here)
    for code, summed in smallest.items():
        summed.area_m2.append(known[code].area_m2)
        summed.add_people(known[code].population)
    every = dict(smallest)
    for code, summed in smallest.items():
        step = known[code].parent
        while step:
            every.setdefault(step, Summed(len(names))).take(summed)
            step = known[step].parent if step in known else ""
    rows = [
        _row(known[code], summed, order) for code, summed in sorted(every.items()) if code in known
    ]
    return rows, smallest


def _row(area: AreaRow, summed: Summed, order: RunOrder) -> dict[str, Any]:
    names = list(order.levels)
    by_level = {
        name: {
            "street_m": _round(math.fsum(summed.seen_street[k])),
            "demand": _round(math.fsum(summed.seen_demand[k])),
            "m2": _round(math.fsum(summed.m2[k + 1])),
            "people": _round(math.fsum(summed.people[k])),
            "reach_street_m": _round(math.fsum(summed.reach_street[k])),
            "reach_demand": _round(math.fsum(summed.reach_demand[k])),
        }
        for k, name in enumerate(names)
    }
    own = by_level[order.level]
    return {
        "code": area.code, "name": area.name, "level": area.level, "parent": area.parent,
        "cameras": summed.lookers, "street_m": _round(math.fsum(summed.street)),
        "street_covered_m": own["street_m"], "demand": _round(math.fsum(summed.demand)),
        "demand_covered": own["demand"], "area_m2": _round(math.fsum(summed.area_m2)),
        "people": summed.population, "by_level": by_level,
    }  # fmt: skip


def _outside(whole: Summed, smallest: dict[str, Summed], rank: int) -> dict[str, float]:
    """What lies in no area: the whole less the sum of the smallest areas."""
    street = math.fsum(whole.street) - math.fsum(v for s in smallest.values() for v in s.street)
    seen = math.fsum(whole.seen_street[rank]) - math.fsum(
        v for s in smallest.values() for v in s.seen_street[rank]
    )
    demand = math.fsum(whole.demand) - math.fsum(v for s in smallest.values() for v in s.demand)
    ground = math.fsum(whole.m2[rank + 1]) - math.fsum(
        v for s in smallest.values() for v in s.m2[rank + 1]
    )
    return {
        "street_m": round(street, 6), "street_covered_m": round(seen, 6), "demand": round(demand, 6),
        "m2": round(ground, 6),
    }  # fmt: skip
