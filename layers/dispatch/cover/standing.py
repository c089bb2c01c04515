"""The cover of one kind of unit: shares of streets, people and demand, and the areas left outside.

For pieces p with weight w_p and units u at times t_up, the share reached within m minutes is
Σ w_p [min_u t_up ≤ 60 m] / Σ w_p (equal counts as reached). An area is within the limit when at
least `WITHIN_SHARE` of its people are (of its streets, where it has no population). Times are
driving times; turning out and answering come on top. Moving up is greedy: each time the one unit
and station that leave fewest areas outside and then reach most people (Kolesar & Walker 1974,
10.1287/opre.22.2.249, state the problem).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.dispatch.cover.ground import Ground

#: Minutes within which a unit is to be there (SPM: 15 minutes to the start of handling).
LIMIT_MINUTES = 15.0
WITHIN_SHARE = 0.9
MOST_MOVES = 3

Times = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """What some units reach: the soonest time to every piece, and the figures made of it."""

    ground: Ground
    soonest_s: Times

    @classmethod
    def of(cls, ground: Ground, times: Times) -> Cover:
        """Cover of units whose times are the rows of `times`; of nobody where there is none."""
        if not len(times):
            return cls(ground, np.full(len(ground.link), np.inf, dtype=np.float32))
        return cls(ground, times.min(axis=0))

    def weight_within(self, minutes: float) -> float:
        """People (else demand, else metres) reached within the minutes."""
        return float(self.ground.weight[self.soonest_s <= minutes * 60.0].sum())

    def shares(self, minutes: Sequence[float]) -> dict[str, dict[str, float | None]]:
        """Shares of streets, people and demand by minutes; None where there are none to count."""
        ground = self.ground
        found: dict[str, dict[str, float | None]] = {}
        for name, weight in (("streets", ground.street_m), ("people", ground.people), ("demand", ground.demand)):  # fmt: skip
            total = 0.0 if weight is None else float(weight.sum())
            found[name] = {
                f"{limit:g}": None
                if weight is None or total <= 0
                else round(float(weight[self.soonest_s <= limit * 60.0].sum()) / total, 4)
                for limit in minutes
            }
        return found

    def area_shares(self, minutes: float) -> NDArray[np.float64]:
        """Share of each area's people (else streets) that is reached within the minutes."""
        ground = self.ground
        if not ground.areas:
            return np.empty(0)
        n = len(ground.areas)
        there = self.soonest_s <= minutes * 60.0
        people = np.bincount(ground.area, weights=ground.people, minlength=n)
        metres = np.bincount(ground.area, weights=ground.street_m, minlength=n)
        part = np.bincount(ground.area, weights=ground.people * there, minlength=n)
        part_m = np.bincount(ground.area, weights=ground.street_m * there, minlength=n)
        whole = np.where(people > 0, people, metres)
        got = np.where(people > 0, part, part_m)
        # An area without a street has nobody to reach.
        return np.divide(got, whole, out=np.ones(n), where=whole > 0)

    def outside(self, minutes: float = LIMIT_MINUTES) -> set[int]:
        """Areas that are not within the limit, by their number."""
        return set(np.flatnonzero(self.area_shares(minutes) < WITHIN_SHARE).tolist())

    def areas(self, minutes: Sequence[float]) -> list[dict[str, Any]]:
        """Every area with its shares and whether it is within the limit."""
        by_minutes = {f"{limit:g}": self.area_shares(limit) for limit in minutes}
        outside = self.outside()
        return [
            {
                "code": code, "name": name, "within": number not in outside,
                "share": {limit: round(float(s[number]), 4) for limit, s in by_minutes.items()},
            }
            for number, (code, name) in enumerate(self.ground.areas)
        ]  # fmt: skip


def without(times: Times, gone: Iterable[int]) -> Times:
    """Rows of the units that stay."""
    stay = np.ones(len(times), dtype=bool)
    stay[list(gone)] = False
    return times[stay]


def soonest_but_one(times: Times) -> tuple[Times, NDArray[np.int64], Times]:
    """Soonest time to every piece, whose it is, and the soonest of all others."""
    pieces = times.shape[1]
    if not len(times):
        none = np.full(pieces, np.inf, dtype=np.float32)
        return none, np.full(pieces, -1, dtype=np.int64), none
    who = times.argmin(axis=0)
    first = times[who, np.arange(pieces)]
    rest = times.copy()
    rest[who, np.arange(pieces)] = np.inf
    return first, who, rest.min(axis=0)


@dataclass(frozen=True)
class Move:
    """One unit sent to stand at a station, and the covers before and after it."""

    unit: int
    station: int
    before: Cover
    after: Cover


def moves_up(
    ground: Ground,
    times: Times,
    station_times: NDArray[np.float32],
    *,
    wanted: set[int],
    fixed: Iterable[int] = (),
) -> list[Move]:
    """Moves that bring areas of `wanted` back within the limit and push none out, best first.

    `times` (units, pieces); `station_times` (units, stations, pieces): how each unit would reach
    out from each station; `fixed` units stay where they are. Stops where no move brings an area back, or after `MOST_MOVES`.
    """
    now = times.copy()
    moves: list[Move] = []
    moved: set[int] = set(fixed)
    while len(moves) < MOST_MOVES:
        before = Cover.of(ground, now)
        out = before.outside()
        if not out & wanted:
            break
        first, who, second = soonest_but_one(now)
        best: tuple[int, float, int, int] | None = None
        for unit in range(len(now)):
            if unit in moved:
                continue
            left = np.where(who == unit, second, first)
            for station in range(station_times.shape[1]):
                after = Cover(ground, np.minimum(left, station_times[unit, station]))
                still = after.outside()
                if still - out or len(still) >= len(out):
                    continue
                value = (-len(still), after.weight_within(LIMIT_MINUTES), -unit, -station)
                if best is None or value > best:
                    best = value
        if best is None:
            break
        unit, station = -best[2], -best[3]
        now[unit] = station_times[unit, station]
        moved.add(unit)
        moves.append(Move(unit, station, before, Cover.of(ground, now)))
    return moves
