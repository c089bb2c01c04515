"""Reading positions: tracks to replay, devices that are heard, fixes in quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.dispatch.models import Unit
from layers.dispatch.positions.hygiene import KEEP_DAYS
from layers.dispatch.positions.models import PositionFault, UnitTrack
from layers.errors import InvalidInput, NotFound

#: A longer pause between two points is a break in the line (seconds); standing units report every 300 s.
BREAK_S = 600.0
#: Track points in one answer.
TRACK_MAX = 20_000


def unit_track(unit_id: int, *, user: Any, since: datetime, until: datetime) -> dict[str, Any]:
    """Where a unit was from `since` to before `until`, as GeoJSON whose lines carry their times.

    One feature for each stretch without a pause of `BREAK_S`; a single fix is a Point.
    `properties.times` runs along the coordinates. Where there are more than `TRACK_MAX` points,
    `next` says from when to go on. Raises `NotFound` for a unit that the user may not see.
    """
    unit = restrict(user, Unit.objects.filter(pk=unit_id)).first()
    if unit is None:
        raise NotFound(
            _("no unit {unit_id}").format(unit_id=unit_id),
            value=unit_id,
            remedy=_("choose one that you may see"),
        )
    if until <= since or until - since > timedelta(days=KEEP_DAYS + 1):
        raise InvalidInput(
            _("the track's end is not after its start, or too far from it"),
            value=(since.isoformat(), until.isoformat()),
            remedy=_("ask for at most {days} days").format(days=KEEP_DAYS),
        )
    points = list(
        UnitTrack.objects.filter(unit_id=unit_id, fix_at__gte=since, fix_at__lt=until)
        .order_by("fix_at")
        .values_list("fix_at", "lon", "lat", "speed_kph", "heading_deg")[: TRACK_MAX + 1]
    )
    following = points[TRACK_MAX][0].isoformat() if len(points) > TRACK_MAX else None
    return {
        "type": "FeatureCollection",
        "unit": {"id": unit.pk, "callsign": unit.callsign},
        "from": since.isoformat(), "to": until.isoformat(), "next": following,
        "features": [_stretch(part) for part in _stretches(points[:TRACK_MAX])],
    }  # fmt: skip


_Point = tuple[datetime, float, float, float | None, float | None]


def _stretches(points: list[_Point]) -> Iterator[list[_Point]]:
    part: list[_Point] = []
    for point in points:
        if part and (point[0] - part[-1][0]).total_seconds() > BREAK_S:
            yield part
            part = []
        part.append(point)
    if part:
        yield part


def _stretch(part: list[_Point]) -> dict[str, Any]:
    line = [[lon, lat] for _at, lon, lat, _speed, _heading in part]
    return {
        "type": "Feature",
        "geometry": {
            "type": "LineString" if len(line) > 1 else "Point",
            "coordinates": line if len(line) > 1 else line[0],
        },
        "properties": {
            "times": [at.isoformat() for at, *_rest in part],
            "speeds_kph": [speed for *_rest, speed, _heading in part],
            "headings_deg": [heading for *_rest, heading in part],
        },
    }


def position_faults(user: Any, *, limit: int = 200) -> list[dict[str, Any]]:
    """Fixes in quarantine that a user may see, newest first."""
    units = restrict(user, Unit.objects.all())
    rows: QuerySet[PositionFault] = (
        PositionFault.objects.filter(unit__in=units) | PositionFault.objects.filter(device__unit__in=units)
        | PositionFault.objects.filter(unit__isnull=True, device__agency__in=units.values("agency"))
    )  # fmt: skip
    return [
        {
            "id": row.pk, "device": row.device.name, "callsign": row.unit.callsign if row.unit else None,
            "reason": row.reason, "label": str(row.get_reason_display()), "count": row.count,
            "last_at": row.last_at.isoformat(), "fix_at": row.fix_at.isoformat() if row.fix_at else None,
            "lon": row.lon, "lat": row.lat, "detail": row.detail,
        }
        for row in rows.distinct().select_related("device", "unit").order_by("-last_at")[:limit]
    ]  # fmt: skip
