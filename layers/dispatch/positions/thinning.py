"""What of a stream of fixes is kept in the track and told to the consoles, and when a jump is believed."""

from __future__ import annotations

from datetime import datetime

from layers.dispatch.models import StatusClass
from layers.dispatch.positions.hygiene import Known, speed_between_kph
from layers.dispatch.positions.reading import Reading
from layers.geo.crs import geodesic_m

#: A track keeps a moving unit this often, and a standing one that often (seconds, metres).
TRACK_S, TRACK_M, TRACK_STANDING_S = 10.0, 25.0, 300.0
#: Consoles are told of a move this often, nearer to never for units that nobody waits for (seconds).
TELL_S, TELL_M = 5.0, 15.0
#: All units that are not on an incident together are told of at most so often (a second, a process).
TELL_PER_S = 20.0
#: So many fixes that agree with each other, over so long, are believed against the last place.
JUMP_FIXES, JUMP_S = 3, 10.0


class Thinning:
    """Remembers, for one process, what was last kept and told of each unit.

    Another process keeps its own: a unit that reports through both is told twice as often at worst.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Known] = {}
        self._told: dict[int, Known] = {}
        self._jumps: dict[int, tuple[Known, datetime, int]] = {}

    def keep(self, unit_id: int, reading: Reading, fix_at: datetime) -> bool:
        """Whether the fix becomes a track point; late ones are judged by the same distances."""
        last = self._kept.get(unit_id)
        if last is not None and last.fix_at is not None:
            passed_s = abs((fix_at - last.fix_at).total_seconds())
            if passed_s < TRACK_S:
                return False
            moved_m = geodesic_m(last.lon, last.lat, reading.lon, reading.lat)
            if moved_m < TRACK_M and passed_s < TRACK_STANDING_S:
                return False
        self._kept[unit_id] = Known(reading.lon, reading.lat, fix_at)
        return True

    def tell(self, unit_id: int, reading: Reading, fix_at: datetime, status_class: str) -> bool:
        """Whether consoles hear of the move now."""
        last = self._told.get(unit_id)
        if last is not None and last.fix_at is not None:
            pause_s = TELL_S
            if status_class != StatusClass.COMMITTED:
                pause_s = max(TELL_S, len(self._told) / TELL_PER_S)
            if (fix_at - last.fix_at).total_seconds() < pause_s:
                return False
            if geodesic_m(last.lon, last.lat, reading.lon, reading.lat) < TELL_M:
                return False
        self._told[unit_id] = Known(reading.lon, reading.lat, fix_at)
        return True

    def jump_confirmed(
        self, unit_id: int, reading: Reading, fix_at: datetime, max_kph: float
    ) -> bool:
        """Whether fixes after a jump agree among themselves for long enough to be the truth.

        A first fix gone wrong would otherwise hold a unit far from where it is.
        """
        place = Known(reading.lon, reading.lat, fix_at, reading.accuracy_m)
        before = self._jumps.get(unit_id)
        if (
            before is None
            or before[0].fix_at is None
            or fix_at <= before[0].fix_at
            or speed_between_kph(before[0], reading, fix_at) > max_kph
        ):
            self._jumps[unit_id] = (place, fix_at, 1)
            return False
        _last, since, count = before
        if count + 1 >= JUMP_FIXES and (fix_at - since).total_seconds() >= JUMP_S:
            del self._jumps[unit_id]
            return True
        self._jumps[unit_id] = (place, since, count + 1)
        return False

    def forget_jump(self, unit_id: int) -> None:
        """A fix near the last place was believed: the jump was an error."""
        self._jumps.pop(unit_id, None)
