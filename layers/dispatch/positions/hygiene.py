"""Which fixes are believed: the checks between a device and the map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from layers.dispatch.positions.models import PositionFault
from layers.dispatch.positions.reading import Reading
from layers.geo.crs import geodesic_m

#: A clock may run ahead of ours by so much (seconds, inclusive).
FUTURE_S = 60.0
#: Tracks are kept, and late fixes taken, for so long (days).
KEEP_DAYS = 90
#: Both coordinates below this are a receiver without a fix (degrees).
NULL_ISLAND_DEG = 0.001
#: A fix this far from where the unit belongs is swapped, if it is near once its axes are exchanged (metres).
SWAP_FAR_M, SWAP_NEAR_M = 500_000.0, 200_000.0
#: Scatter granted to each end of a jump: what the receiver states, within these bounds (metres).
SCATTER_MIN_M, SCATTER_MAX_M = 10.0, 100.0

_R = PositionFault.Reason


@dataclass(frozen=True)
class Known:
    """The last fix that was believed."""

    lon: float
    lat: float
    fix_at: datetime | None
    accuracy_m: float | None = None


def speed_between_kph(before: Known, reading: Reading, fix_at: datetime) -> float:
    """Least speed that explains two fixes, scatter granted; infinite when no time has passed."""
    granted = _scatter_m(before.accuracy_m) + _scatter_m(reading.accuracy_m)
    apart_m = max(0.0, geodesic_m(before.lon, before.lat, reading.lon, reading.lat) - granted)
    passed_s = 0.0 if before.fix_at is None else (fix_at - before.fix_at).total_seconds()
    if apart_m == 0.0:
        return 0.0
    return math.inf if passed_s <= 0 else apart_m / passed_s * 3.6


def _scatter_m(accuracy_m: float | None) -> float:
    return min(max(accuracy_m or 0.0, SCATTER_MIN_M), SCATTER_MAX_M)


def fault_of(
    reading: Reading,
    *,
    fix_at: datetime,
    now: datetime,
    known: Known | None,
    anchors: Sequence[tuple[float, float]],
    max_kph: float,
) -> tuple[str, str] | None:
    """Why a fix is not believed as (reason, detail), or None.

    `anchors` are places (degrees) where the unit belongs: its last place, its station, the city.
    A late fix (not newer than `known`) moves nothing, so its speed is not asked for.
    """
    if reading.fault:
        return _R.UNREADABLE, reading.fault
    lon, lat = reading.lon, reading.lat
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return _R.UNREADABLE, "longitude or latitude is no number"
    if abs(lon) > 180 or abs(lat) > 90:
        swappable = abs(lat) <= 180 and abs(lon) <= 90
        return (_R.SWAPPED_AXES if swappable else _R.OUT_OF_RANGE), f"{lon:g}, {lat:g}"
    if abs(lon) < NULL_ISLAND_DEG and abs(lat) < NULL_ISLAND_DEG:
        return _R.NULL_ISLAND, ""
    if _looks_swapped(lon, lat, anchors):
        return _R.SWAPPED_AXES, f"{lon:g}, {lat:g}"
    ahead_s = (fix_at - now).total_seconds()
    if ahead_s > FUTURE_S:
        return _R.FUTURE, f"{ahead_s:.0f} s ahead"
    if fix_at < now - timedelta(days=KEEP_DAYS):
        return _R.TOO_OLD, f"{-ahead_s / 86400:.0f} days"
    if reading.speed_kph is not None and reading.speed_kph > max_kph:
        return _R.SPEED, f"{reading.speed_kph:.0f} km/h"
    if known is not None and known.fix_at is not None and fix_at > known.fix_at:
        kph = speed_between_kph(known, reading, fix_at)
        if kph > max_kph:
            return _R.JUMP, f"{min(kph, 99_999):.0f} km/h"
    return None


def _looks_swapped(lon: float, lat: float, anchors: Sequence[tuple[float, float]]) -> bool:
    if not anchors or abs(lon) > 90:
        return False
    if min(geodesic_m(lon, lat, *anchor) for anchor in anchors) < SWAP_FAR_M:
        return False
    return min(geodesic_m(lat, lon, *anchor) for anchor in anchors) <= SWAP_NEAR_M
