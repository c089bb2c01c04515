"""Lines of a run card, and the matching that fills them.

Every place on a card's lines is a slot. Units and slots are matched so that as many slots as
possible are filled and, among those, the sum of costs is least (rectangular assignment, Crouse
2016, 10.1109/TAES.2016.140952); a unit fills one slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from layers.dispatch.fleet import FleetUnit

_NEVER = 1e12


@dataclass(frozen=True)
class Line:
    """One line of a card: so many units of a kind with a capability ("" for any)."""

    kind: str
    capability: str
    count: int

    def fits(self, unit: FleetUnit) -> bool:
        """Whether a unit's kind and capabilities answer the line."""
        if unit.kind != self.kind:
            return False
        return not self.capability or self.capability.casefold() in unit.skills


def fill(
    lines: Sequence[Line], units: Sequence[FleetUnit], cost: dict[int, float]
) -> list[list[FleetUnit]]:
    """Units for every line: most slots filled, then least sum of costs, ties by the order of `units`.

    `cost` is seconds (or metres) by unit id; a unit without a cost is not to be sent.
    """
    slots = [number for number, line in enumerate(lines) for _ in range(line.count)]
    there = [unit for unit in units if unit.id in cost]
    chosen: list[list[FleetUnit]] = [[] for _ in lines]
    if not slots or not there:
        return chosen
    matrix = np.full((len(slots), len(there)), _NEVER)
    for row, number in enumerate(slots):
        for column, unit in enumerate(there):
            if lines[number].fits(unit):
                matrix[row, column] = cost[unit.id] + column * 1e-6
    for row, column in zip(*linear_sum_assignment(matrix), strict=True):
        if matrix[row, column] < _NEVER:
            chosen[slots[row]].append(there[column])
    for group in chosen:
        group.sort(key=lambda unit: (cost[unit.id], unit.callsign))
    return chosen
