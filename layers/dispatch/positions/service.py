"""Taking fixes: judged against what is known, written with one statement, told to the consoles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from layers.dispatch.positions.hygiene import Known, fault_of
from layers.dispatch.positions.intake import Intake, Source, Taken, Ticket
from layers.dispatch.positions.models import PositionFault
from layers.dispatch.positions.reading import Reading
from layers.dispatch.positions.thinning import Thinning
from layers.events.services import NewEvent, events_publish
from layers.geo.sql import load_sql
from layers.places.models import Area

_thinning = Thinning()


@dataclass
class _UnitNow:
    """A unit during one flush; `known` moves on with every believed fix."""

    id: int
    callsign: str
    agency_id: int | None
    status_class: str
    known: Known | None
    online: bool
    anchors: list[tuple[float, float]]
    newest: tuple[Reading, datetime, Source] | None = None


def positions_take(source: Source, readings: Sequence[Reading]) -> Taken:
    """Judge and keep the fixes of one request; returns what became of each once it is committed.

    Believed fixes newer than the last place move the unit; late ones go into the track alone; the
    rest is quarantined with the reason. Requests that come together share one transaction.
    """
    return _intake.take(source, readings)


def fault_rows(taken: Taken) -> list[dict[str, Any]]:
    """Quarantined fixes of a request as its sender is told."""
    return [
        {"index": number, "reason": reason, "detail": detail}
        for number, reason, detail in sorted(taken.faults)
    ]


def tickets_write(tickets: list[Ticket]) -> None:
    """Judge and write the fixes of many requests in one transaction, beside no other writer of this
    process; each ticket holds what became of its own."""
    with _intake.writing():
        _write(tickets)


def _write(tickets: list[Ticket]) -> None:
    now = timezone.now()
    with transaction.atomic():
        sources = _sources_now([ticket.source.device_id for ticket in tickets])
        for ticket in tickets:
            ticket.taken.revoked = ticket.source.device_id not in sources
            ticket.source = sources.get(ticket.source.device_id, ticket.source)
        tickets = [ticket for ticket in tickets if not ticket.taken.revoked]
        units = _units_now(tickets)
        track: list[tuple[int, datetime, Reading]] = []
        faults: dict[tuple[int, int | None, str], dict[str, Any]] = {}
        # In the order of the fixes, whichever request carried them.
        fixes = [
            (reading.fix_at or now, number, ticket, reading)
            for ticket in tickets
            for number, reading in enumerate(ticket.readings)
        ]
        fixes.sort(key=lambda fix: fix[0])
        for fix_at, number, ticket, reading in fixes:
            unit = _unit_of(ticket.source, reading, units)
            fault = _judge(unit, reading, fix_at, now)
            if fault is not None or unit is None:
                reason, detail = fault or (PositionFault.Reason.UNKNOWN_UNIT, reading.callsign)
                ticket.taken.faults.append((number, str(reason), detail))
                _note_fault(faults, ticket.source, unit, str(reason), detail, reading, fix_at)
                continue
            if unit.known is None or unit.known.fix_at is None or fix_at > unit.known.fix_at:
                ticket.taken.moved += 1
                unit.known = Known(reading.lon, reading.lat, fix_at, reading.accuracy_m)
                unit.newest = (reading, fix_at, ticket.source)
            else:
                ticket.taken.late += 1
            if _thinning.keep(unit.id, reading, fix_at):
                track.append((unit.id, fix_at, reading))
        moved = _store(sorted(_newest(units), key=lambda unit: unit.id), track)
        _store_faults(faults)
        _tell([unit for unit in _newest(units) if unit.id in moved], now)


def _newest(units: dict[int | str, _UnitNow]) -> list[_UnitNow]:
    return [unit for key, unit in units.items() if isinstance(key, int) and unit.newest]


def _sources_now(device_ids: list[int]) -> dict[int, Source]:
    """Devices whose key holds at this moment, and what they are bound to now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, unit_id, agency_id, max_age_s, kind FROM layers_positiondevice"
            " WHERE id = ANY(%s) AND revoked_at IS NULL",
            [sorted(set(device_ids))],
        )
        return {row[0]: Source(*row) for row in cursor.fetchall()}


def _units_now(tickets: list[Ticket]) -> dict[int | str, _UnitNow]:
    """Units of the flush by id, and by callsign for gateways."""
    ids = {ticket.source.unit_id for ticket in tickets} - {None}
    names = {
        reading.callsign
        for ticket in tickets
        if ticket.source.unit_id is None
        for reading in ticket.readings
    }
    found: dict[int | str, _UnitNow] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("dispatch", "positions_known"),
            {"unit_ids": sorted(number for number in ids if number), "callsigns": sorted(names)},
        )
        for number, callsign, agency, kind, lon, lat, fix_at, accuracy, online, at_lon, at_lat in cursor.fetchall():  # fmt: skip
            known = None if lon is None else Known(lon, lat, fix_at, accuracy)
            anchors = [(x, y) for x, y in ((lon, lat), (at_lon, at_lat)) if x is not None]
            unit = _UnitNow(
                number, callsign, agency, kind, known, online, anchors or _city_anchors()
            )
            found[number] = found[callsign] = unit
    return found


def _city_anchors() -> list[tuple[float, float]]:
    """Middles of the cities, for a unit that has neither a place nor a station."""
    return [
        ((west + east) / 2, (south + north) / 2)
        for west, south, east, north in (
            area.geom.extent for area in Area.objects.filter(level=Area.Level.CITY).only("geom")
        )
    ]


def _unit_of(source: Source, reading: Reading, units: dict[int | str, _UnitNow]) -> _UnitNow | None:
    if source.unit_id is not None:
        return units.get(source.unit_id)
    unit = units.get(reading.callsign)
    return unit if unit is not None and unit.agency_id == source.agency_id else None


def _judge(
    unit: _UnitNow | None, reading: Reading, fix_at: datetime, now: datetime
) -> tuple[str, str] | None:
    """The fault of a fix; a jump that later fixes bear out is none."""
    if unit is None:
        return None
    max_kph = float(settings.NCC_POSITION_MAX_KPH)
    fault = fault_of(
        reading, fix_at=fix_at, now=now, known=unit.known, anchors=unit.anchors, max_kph=max_kph
    )
    if fault is None:
        _thinning.forget_jump(unit.id)
    elif fault[0] == PositionFault.Reason.JUMP and _thinning.jump_confirmed(
        unit.id, reading, fix_at, max_kph
    ):
        return None
    return fault


def _note_fault(
    faults: dict[tuple[int, int | None, str], dict[str, Any]],
    source: Source,
    unit: _UnitNow | None,
    reason: str,
    detail: str,
    reading: Reading,
    fix_at: datetime,
) -> None:
    key = (source.device_id, unit.id if unit else None, reason)
    row = faults.setdefault(key, {"count": 0})
    row["count"] += 1
    lon, lat = (value if math.isfinite(value) else None for value in (reading.lon, reading.lat))
    row.update(fix_at=fix_at, lon=lon, lat=lat, detail=detail[:200].replace("\x00", ""))


def _store(units: list[_UnitNow], track: list[tuple[int, datetime, Reading]]) -> set[int]:
    """Write last places and track points; returns the units that moved."""
    if not units and not track:
        return set()
    newest = [unit.newest for unit in units if unit.newest is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("dispatch", "positions_write"),
            {
                "now": timezone.now(),
                "max_age_s": settings.NCC_POSITION_MAX_AGE_S,
                "unit_ids": [unit.id for unit in units],
                "fixes": [fix_at for _reading, fix_at, _source in newest],
                "devices": [reading.device_at for reading, _fix_at, _source in newest],
                "sources": [source.kind for _reading, _fix_at, source in newest],
                "speeds": [reading.speed_kph for reading, _fix_at, _source in newest],
                "headings": [reading.heading_deg for reading, _fix_at, _source in newest],
                "accuracies": [reading.accuracy_m for reading, _fix_at, _source in newest],
                "ages": [source.max_age_s for _reading, _fix_at, source in newest],
                "lons": [reading.lon for reading, _fix_at, _source in newest],
                "lats": [reading.lat for reading, _fix_at, _source in newest],
                "track_units": [unit_id for unit_id, _fix_at, _reading in track],
                "track_fixes": [fix_at for _unit_id, fix_at, _reading in track],
                "track_lons": [reading.lon for _unit_id, _fix_at, reading in track],
                "track_lats": [reading.lat for _unit_id, _fix_at, reading in track],
                "track_speeds": [reading.speed_kph for _unit_id, _fix_at, reading in track],
                "track_headings": [reading.heading_deg for _unit_id, _fix_at, reading in track],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def _store_faults(faults: dict[tuple[int, int | None, str], dict[str, Any]]) -> None:
    if not faults:
        return
    rows = list(faults.items())
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("dispatch", "positions_faults"),
            {
                "device_ids": [key[0] for key, _row in rows],
                "unit_ids": [key[1] for key, _row in rows],
                "reasons": [key[2] for key, _row in rows],
                "counts": [row["count"] for _key, row in rows],
                "fixes": [row["fix_at"] for _key, row in rows],
                "lons": [row["lon"] for _key, row in rows],
                "lats": [row["lat"] for _key, row in rows],
                "details": [row["detail"] for _key, row in rows],
            },
        )


def _tell(units: list[_UnitNow], now: datetime) -> None:
    """Events of the moves worth telling, and of units that are heard again; written last."""
    events = []
    for unit in units:
        assert unit.newest is not None
        reading, fix_at, source = unit.newest
        max_age_s = source.max_age_s or settings.NCC_POSITION_MAX_AGE_S
        fresh = (now - fix_at).total_seconds() < max_age_s
        payload = {
            "id": unit.id, "callsign": unit.callsign, "fix_at": fix_at.isoformat(),
            "lon": round(reading.lon, 6), "lat": round(reading.lat, 6),
        }  # fmt: skip
        if fresh and not unit.online:
            events.append(NewEvent("unit.online", "units", unit.id, unit.agency_id, payload=payload))  # fmt: skip
        if _thinning.tell(unit.id, reading, fix_at, unit.status_class):
            more = {"heading_deg": reading.heading_deg, "speed_kph": reading.speed_kph}
            events.append(NewEvent("unit.moved", "units", unit.id, unit.agency_id, payload={**payload, **more}))  # fmt: skip
    if events:
        events_publish(events)


_intake = Intake(_write)
