"""Positions: devices report by their key; people with a role replay tracks and see what was quarantined."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from layers.access.gate import by_key
from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.api.desk_forms import RowId
from layers.audit.looks import look_record
from layers.dispatch.positions.authentication import device_of_request, is_json, json_of_request
from layers.dispatch.positions.gpx import gpx_readings
from layers.dispatch.positions.intake import Taken
from layers.dispatch.positions.reading import (
    Reading,
    batch_readings,
    osmand_reading,
    traccar_readings,
)
from layers.dispatch.positions.selectors import position_faults, unit_track
from layers.dispatch.positions.service import fault_rows, positions_take
from layers.errors import InvalidInput, Unauthenticated

router: Router = new_router("positions")
_HOUR = timedelta(hours=1)
#: Before there were trackers; a calendar begins and ends, and hours are taken off within it.
_LEAST = datetime(1990, 1, 1, tzinfo=UTC)


def _take(request: HttpRequest, readings: list[Reading]) -> dict[str, Any]:
    taken: Taken = positions_take(request.key_holder, readings)  # type: ignore[attr-defined]
    if taken.revoked:
        raise Unauthenticated("the key was revoked", remedy="ask for a new one")
    return {
        "moved": taken.moved,
        "late": taken.late,
        "quarantined": fault_rows(taken),
    }


@router.api_operation(["GET", "POST"], "/positions/osmand")
@by_key(device_of_request)
def osmand(request: HttpRequest) -> dict[str, Any]:
    """Traccar's OsmAnd protocol: one fix as query or form, or the newer client's JSON.

    200 also for a fix that is quarantined: a client that is refused would send it for ever.
    """
    if is_json(request) and request.body:
        return _take(request, traccar_readings(json_of_request(request)))
    values = {**request.GET.dict(), **(request.POST.dict() if request.method == "POST" else {})}
    return _take(request, [osmand_reading(values)])


@router.post("/positions")
@by_key(device_of_request)
def batch(request: HttpRequest) -> dict[str, Any]:
    """Many fixes at once; a gateway names the callsign of each."""
    return _take(request, batch_readings(json_of_request(request)))


@router.post("/positions/gpx")
@by_key(device_of_request)
def gpx(request: HttpRequest, until_now: bool = False) -> dict[str, Any]:
    """A recorded GPX track, for drills; `until_now` lets it end at this moment."""
    ends_at = timezone.now() if until_now else None
    return _take(request, gpx_readings(request.body, ends_at=ends_at))


@router.get("/positions/faults")
@open_to(Can.SEE_OPERATIONS)
def faults(request: HttpRequest, limit: int = 200) -> dict[str, Any]:
    """Fixes that were not believed, by device, reason and hour, newest first."""
    return {"faults": position_faults(request.user, limit=max(1, min(limit, 1000)))}


@router.get("/units/{unit_id}/track")
@open_to(Can.SEE_OPERATIONS)
def track(
    request: HttpRequest,
    unit_id: RowId,
    since: datetime | None = Query(None, alias="from"),  # noqa: B008
    until: datetime | None = Query(None, alias="to"),  # noqa: B008
) -> dict[str, Any]:
    """Where a unit was, as GeoJSON lines with times; the last hour unless said otherwise. Who looked
    at what is written down."""
    end = _aware(until) or timezone.now()
    start = _aware(since) or max(end, _LEAST) - _HOUR
    answer = unit_track(unit_id, user=request.user, since=start, until=end)
    span = f"track {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    look_record(user=request.user, table="layers_unittrack", row_id=unit_id, what=span)
    return answer


def _aware(moment: datetime | None) -> datetime | None:
    """A time without an offset is the control room's."""
    if moment is None:
        return None
    try:
        whole = moment if moment.tzinfo is not None else timezone.make_aware(moment)
        return whole.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(
            "no such time", value=str(moment), remedy="ask for the last 90 days"
        ) from error
