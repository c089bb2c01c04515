"""What the city keeps covered when the recommended units go, and sets of units that keep more of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layers.dispatch.cover.ground import Ground, ground_of
from layers.dispatch.cover.standing import LIMIT_MINUTES, WITHIN_SHARE, Cover, Times, without
from layers.dispatch.cover.times import Start, times_from
from layers.dispatch.filling import Line
from layers.dispatch.fleet import AgencyRules, FleetUnit, reason_out
from layers.dispatch.recommendation import Drives, unit_row
from layers.dispatch.rules import Sending
from layers.errors import Unavailable, Unroutable
from layers.network.answers import LonLat
from layers.network.asking import engine_run

MINUTES = (5.0, 10.0, 15.0)
#: A unit that arrives this much later than the one it stands in for is no alternative, seconds.
MOST_EXTRA_S = 300.0
#: A set that keeps less than this more of the people within reach is not worth a look.
LEAST_GAIN = 0.005
#: Longest that a recommendation waits for its covers, seconds.
COVER_LIMIT_S = 3.0


def counts_for_cover(unit: FleetUnit, rules: AgencyRules) -> bool:
    """Whether a unit covers ground: available, its whereabouts known, and sent from the start."""
    rule = rules.of(unit.agency_id, unit.kind)
    own = rule is None or rule.sending == Sending.FIRST
    return own and reason_out(unit, rules) is None


@dataclass(frozen=True)
class Standing:
    """Units of one kind that cover ground, and their times to its pieces, row by row."""

    units: list[FleetUnit]
    times: Times

    def cover(self, ground: Ground, gone: set[int]) -> Cover:
        """Cover of those who stay."""
        return Cover.of(
            ground, without(self.times, [i for i, u in enumerate(self.units) if u.id in gone])
        )


class Cells:
    """Pieces of the ground gathered by who reaches them within some minutes and by their area, so
    that a set of units is judged in microseconds; equal to `Cover` on the pieces themselves."""

    def __init__(self, standing: Standing, ground: Ground, minutes: float) -> None:
        self._row = {unit.id: number for number, unit in enumerate(standing.units)}
        within = standing.times <= minutes * 60.0
        # Numbers of equal columns, 32 units at a time; no hash is trusted.
        number = ground.area + 1
        for first_row in range(0, len(within), 32):
            block = within[first_row : first_row + 32]
            bits = (1 << np.arange(len(block), dtype=np.int64)) @ block
            number = np.unique((number << 32) + bits, return_inverse=True)[1].reshape(-1)
        cells = int(number.max(initial=-1)) + 1
        first = np.zeros(cells, dtype=np.int64)
        first[number[::-1]] = np.arange(len(number))[::-1]
        self._within = within[:, first]
        self._counts = self._within.sum(axis=0)
        self._area = ground.area[first]
        self._weight = np.bincount(number, weights=ground.weight, minlength=cells)
        people = np.bincount(number, weights=ground.people, minlength=cells)
        metres = np.bincount(number, weights=ground.street_m, minlength=cells)
        self._areas = len(ground.areas)
        self._total = max(float(self._weight.sum()), 1e-9)
        if self._areas:
            lived = np.bincount(self._area, weights=people, minlength=self._areas)[self._area] > 0
            self._people = np.where(lived, people, metres)
            self._whole = np.bincount(self._area, weights=self._people, minlength=self._areas)

    def value(self, sent: set[int]) -> tuple[int, float]:
        """How good it is that these units go: minus the areas outside, and the share kept."""
        rows = [self._row[unit] for unit in sent if unit in self._row]
        there = self._counts > self._within[rows].sum(axis=0)
        outside = 0
        if self._areas:
            got = np.bincount(self._area, weights=self._people * there, minlength=self._areas)
            outside = int(np.sum((self._whole > 0) & (got < WITHIN_SHARE * self._whole)))
        return -outside, float(self._weight[there].sum()) / self._total


def cover_kept(
    lines: Sequence[Line], chosen: Sequence[Sequence[FleetUnit]], units: Sequence[FleetUnit],
    left: Sequence[FleetUnit], rules: AgencyRules, drives: Drives, point: LonLat, *,
    gone: set[int], wanted: bool, build: bool,
) -> dict[str, Any]:  # fmt: skip
    """`cover` by kind, now and after the choice, and `alternatives` to it that keep more.

    Sets are compared at 15 minutes; where the choice costs nothing there, at 10, then at 5. `gone`
    are units already on the incident. Empty by straight line, where nothing is timed, and
    where covers are not `wanted` or not to be had in time (`cover` is then None).
    """
    nothing: dict[str, Any] = {"cover": None, "alternatives": []}
    sent = [unit for group in chosen for unit in group]
    if not wanted or drives.network is None or not sent:
        return nothing
    try:
        network = drives.network
        ground = ground_of(network.router, wait=build)
        standing = engine_run(
            lambda: {
                kind: _standing(kind, units, rules, network, ground, gone)
                for kind in sorted({unit.kind for unit in sent})
            },
            limit_s=COVER_LIMIT_S,
        )
    except (Unavailable, Unroutable):
        return nothing
    first = {unit.id for unit in sent}
    kept = {kind: of_kind.cover(ground, first) for kind, of_kind in standing.items()}
    answer: dict[str, Any] = {
        "cover": {
            kind: {
                "now": _shown(of_kind.cover(ground, set())),
                "after": _shown(kept[kind]),
            }
            for kind, of_kind in standing.items()
        },
        "alternatives": [],
    }
    for minutes in reversed(MINUTES):
        cells = {kind: Cells(of_kind, ground, minutes) for kind, of_kind in standing.items()}
        if not _worth(_value(set(), cells), _value(first, cells)):
            continue  # the choice costs nothing at this limit: look at the next shorter one
        other = _keeping_more(lines, chosen, left, drives, cells)
        if other is not None:
            shown = _described(chosen, other, drives, point, standing, ground)
            answer["alternatives"].append({"minutes": minutes, **shown})
        break
    return answer


def _standing(
    kind: str, units: Sequence[FleetUnit], rules: AgencyRules, network: Any, ground: Ground,
    gone: set[int],
) -> Standing:  # fmt: skip
    there = [
        unit.at_post()
        for unit in units
        if unit.kind == kind and unit.id not in gone and counts_for_cover(unit, rules)
    ]
    starts = [
        Start(unit.lon or 0.0, unit.lat or 0.0, rules.costing(unit.agency_id, unit.kind))
        for unit in there
    ]
    limit_s = LIMIT_MINUTES * 60.0
    times = times_from(network.router, network.closed, ground, starts, limit_s=limit_s)
    return Standing(there, times)


def _shown(cover: Cover) -> dict[str, Any]:
    return {
        **cover.shares(MINUTES),
        "areas_outside": [cover.ground.areas[number][0] for number in sorted(cover.outside())],
    }


def _value(sent: set[int], cells: dict[str, Cells]) -> tuple[int, float]:
    """Fewest areas outside, then most people within reach, over all kinds."""
    values = [of_kind.value(sent) for of_kind in cells.values()]
    return sum(outside for outside, _ in values), sum(share for _, share in values)


def _keeping_more(
    lines: Sequence[Line], chosen: Sequence[Sequence[FleetUnit]], left: Sequence[FleetUnit],
    drives: Drives, cells: dict[str, Cells],
) -> list[list[FleetUnit]] | None:  # fmt: skip
    """The choice with units exchanged, one at a time and the best first, for as long as the city
    keeps more; None where nothing worth while is found."""
    now = [list(group) for group in chosen]
    eta = {number: found.eta_s for number, found in drives.etas.items()}
    begun = value = _value({u.id for group in now for u in group}, cells)
    for _ in range(sum(len(group) for group in now)):
        used = {unit.id for group in now for unit in group}
        best: tuple[tuple[int, float], float, int, int, FleetUnit] | None = None
        for row, group in enumerate(now):
            for place, unit in enumerate(group):
                first = chosen[row][place]
                for other in left:
                    if other.id in used or other.id not in eta or not lines[row].fits(other):
                        continue
                    if eta[other.id] - eta[first.id] > MOST_EXTRA_S:
                        continue
                    changed = _value((used - {unit.id}) | {other.id}, cells)
                    key = (changed, -eta[other.id], -row, -place, other)
                    if best is None or key[:4] > best[:4]:
                        best = key
        if best is None or not _worth(best[0], value):
            break
        value = best[0]
        now[-best[2]][-best[3]] = best[4]
    return now if _worth(value, begun) else None


def _worth(value: tuple[int, float], before: tuple[int, float]) -> bool:
    return value[0] > before[0] or (value[0] == before[0] and value[1] >= before[1] + LEAST_GAIN)


def _described(
    chosen: Sequence[Sequence[FleetUnit]], other: list[list[FleetUnit]], drives: Drives,
    point: LonLat, standing: dict[str, Standing], ground: Ground,
) -> dict[str, Any]:  # fmt: skip
    """An alternative beside the choice: who goes instead of whom, how much later, what is kept."""
    sent = {unit.id for group in other for unit in group}
    swaps = []
    for was, now in zip(chosen, other, strict=True):
        for old, new in zip(was, now, strict=True):
            if old.id != new.id:
                late = drives.etas[new.id].eta_s - drives.etas[old.id].eta_s
                row = unit_row(new, point, drives.etas[new.id])
                swaps.append({"instead_of": old.callsign, "unit": row, "extra_s": round(late, 2)})
    etas = [drives.etas[number].eta_s for number in sent]
    before = [drives.etas[unit.id].eta_s for group in chosen for unit in group]
    return {
        "why": "keeps_cover",
        "lines": [[unit.callsign for unit in group] for group in other],
        "swaps": swaps,
        "latest_eta_s": round(float(np.max(etas)), 2),
        "latest_extra_s": round(float(np.max(etas) - np.max(before)), 2),
        "cover": {kind: _shown(of_kind.cover(ground, sent)) for kind, of_kind in standing.items()},
    }
