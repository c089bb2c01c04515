"""Times by road from places to the pieces of the ground, kept for places that stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from layers.dispatch.cover.ground import Ground
from layers.errors import Unroutable
from layers.network.answers import LonLat
from layers.network.costing import Costing
from layers.network.engine.closing import ClosedRoads
from layers.network.isochrones import reach_from
from layers.network.router import Router

#: Rows of times that are kept, by place; 16,000 pieces are 64 kB a row.
_KEPT = 1500
#: Units within this of each other stand at one place, degrees (11 m): receivers of standing vehicles
#: wander so far, and a piece of the ground is up to 50 m long.
STANDS_DEG = 1e-4


@dataclass(frozen=True)
class Start:
    """A place to set off from, degrees, and how."""

    lon: float
    lat: float
    costing: Costing


_rows: OrderedDict[tuple[object, ...], NDArray[np.float32]] = OrderedDict()
#: Keys name closures by identity: those are held so that no other takes their place.
_held: dict[tuple[object, ...], ClosedRoads] = {}
_lock = Lock()


def times_from(
    router: Router, closed: ClosedRoads, ground: Ground, starts: Sequence[Start], *, limit_s: float
) -> NDArray[np.float32]:
    """Seconds (starts, pieces) up to `limit_s`, inf beyond it or where no road leads."""
    out = np.full((len(starts), len(ground.link)), np.inf, dtype=np.float32)
    for number, start in enumerate(starts):
        out[number] = _row(router, closed, ground, start, limit_s)
    return out


def _row(
    router: Router, closed: ClosedRoads, ground: Ground, start: Start, limit_s: float
) -> NDArray[np.float32]:
    key = (
        router.serial, ground.token, id(closed), start.costing, limit_s,
        round(start.lon / STANDS_DEG), round(start.lat / STANDS_DEG),
    )  # fmt: skip
    with _lock:
        found = _rows.get(key)
        if found is not None:
            _rows.move_to_end(key)
            return found
    point: LonLat = (start.lon, start.lat)
    try:
        reach, _ = reach_from(
            router, [point], limit_s=limit_s, costing=start.costing, closed=closed
        )
        row = reach.times_at(ground.link, ground.along_m).astype(np.float32)
    except Unroutable:
        row = np.full(len(ground.link), np.inf, dtype=np.float32)
    with _lock:
        _rows[key] = row
        _held[key] = closed
        while len(_rows) > _KEPT:
            old, _ = _rows.popitem(last=False)
            _held.pop(old, None)
    return row
