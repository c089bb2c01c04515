"""One fix as a device reports it, and the forms in which devices do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from layers.errors import InvalidInput

KPH_OF_KNOT = 1.852
KPH_OF_MPS = 3.6
#: Fixes in one request.
MOST_READINGS = 5000


@dataclass(frozen=True)
class Reading:
    """A fix. Degrees, km/h, metres. `fix_at` is when the receiver knew the place, `device_at` what the
    device's clock said when it sent. `fault` says what could not be read; `callsign` is for gateways."""

    lon: float = math.nan
    lat: float = math.nan
    fix_at: datetime | None = None
    device_at: datetime | None = None
    speed_kph: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    callsign: str = ""
    fault: str = ""


def moment_of(value: Any) -> datetime | None:
    """A point in time from seconds or milliseconds since 1970, or ISO 8601; without an offset UTC.

    None for nothing; raises `ValueError` for what is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError("no time")
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) >= 2**31 else number, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("no time") from error


def _number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _above_zero(value: Any, factor: float = 1.0) -> float | None:
    """A speed or accuracy; negative ones mean that the device does not know."""
    number = _number(value)
    return None if number is None or number < 0 else number * factor


def _heading(value: Any) -> float | None:
    number = _number(value)
    return None if number is None or not 0 <= number <= 360 else number % 360.0


def _callsign(value: Any) -> str:
    """A callsign as it can be asked for: no NUL, no halves of characters, not longer than one is."""
    text = str(value or "").replace("\x00", "")
    return text.encode("utf-8", "ignore").decode()[:60]


def _reading(**parts: Any) -> Reading:
    """A reading of raw parts; what cannot be read becomes its fault, never an exception."""
    try:
        lon, lat = parts["lon"], parts["lat"]
        if lon in (None, "") or lat in (None, ""):
            return Reading(fault="lon or lat is missing", callsign=parts["callsign"])
        return Reading(
            lon=float(lon),
            lat=float(lat),
            fix_at=moment_of(parts["fix_at"]),
            device_at=moment_of(parts["device_at"]),
            speed_kph=_above_zero(parts["speed"], parts["speed_factor"]),
            heading_deg=_heading(parts["heading"]),
            accuracy_m=_above_zero(parts["accuracy"]),
            callsign=parts["callsign"],
        )
    except (TypeError, ValueError, OverflowError) as error:
        return Reading(fault=str(error)[:160], callsign=parts["callsign"])


def osmand_reading(values: Mapping[str, Any]) -> Reading:
    """A fix from the query or form of Traccar's OsmAnd protocol; `speed` is in knots there.

    `valid=false` is a fix the receiver itself does not believe.
    """
    lat, lon = values.get("lat"), values.get("lon")
    if lat is None and lon is None and "," in str(values.get("location", "")):
        lat, lon = str(values["location"]).split(",")[:2]
    if str(values.get("valid", "true")).lower() in {"false", "0"}:
        return Reading(fault="the receiver calls the fix invalid")
    return _reading(
        lon=lon, lat=lat, fix_at=values.get("timestamp"), device_at=values.get("device_timestamp"),
        speed=values.get("speed"), speed_factor=KPH_OF_KNOT,
        heading=values.get("bearing", values.get("heading")), accuracy=values.get("accuracy"),
        callsign=_callsign(values.get("callsign")),
    )  # fmt: skip


def traccar_readings(document: Mapping[str, Any]) -> list[Reading]:
    """Fixes from the JSON of the newer Traccar client: one `location` or a list; speed in m/s."""
    found = document.get("location")
    places = found if isinstance(found, list) else [found]
    return [_location_reading(place) for place in _limited(places)]


def _location_reading(place: Any) -> Reading:
    coords = place.get("coords") if isinstance(place, Mapping) else None
    if not isinstance(coords, Mapping):
        return Reading(fault="location without coords")
    return _reading(
        lon=coords.get("longitude"), lat=coords.get("latitude"), fix_at=place.get("timestamp"),
        device_at=place.get("recorded_at"), speed=coords.get("speed"), speed_factor=KPH_OF_MPS,
        heading=coords.get("heading"), accuracy=coords.get("accuracy"), callsign="",
    )  # fmt: skip


def batch_readings(document: Mapping[str, Any]) -> list[Reading]:
    """Fixes from our own batch: `{"positions": [{lon, lat, fix_at, device_at, speed_kph, …}]}`."""
    rows = document.get("positions")
    if not isinstance(rows, list):
        raise InvalidInput(
            "the document has no list of positions",
            where="positions",
            remedy='send {"positions": [{"lon": 112.63, "lat": -7.98, "fix_at": "2026-01-31T12:00:00Z"}]}',
        )
    return [
        _reading(
            lon=row.get("lon"), lat=row.get("lat"), fix_at=row.get("fix_at"), device_at=row.get("device_at"),
            speed=row.get("speed_kph"), speed_factor=1.0, heading=row.get("heading_deg"),
            accuracy=row.get("accuracy_m"), callsign=_callsign(row.get("callsign")),
        )
        if isinstance(row, Mapping)
        else Reading(fault="a position is no object")
        for row in _limited(rows)
    ]  # fmt: skip


def _limited(rows: Sequence[Any]) -> Sequence[Any]:
    if len(rows) > MOST_READINGS:
        raise InvalidInput(
            f"{len(rows)} positions in one request",
            value=len(rows),
            remedy=f"send at most {MOST_READINGS} at a time",
        )
    return rows
