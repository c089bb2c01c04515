"""GPX tracks for drills: points with times, read without entities and without reaching out."""

from __future__ import annotations

from datetime import datetime, timedelta

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from layers.dispatch.positions.reading import MOST_READINGS, Reading, moment_of
from layers.errors import HostileInput, InvalidInput

#: Largest GPX document (bytes).
GPX_MAX_BYTES = 8 * 1024 * 1024


def gpx_readings(content: bytes, *, ends_at: datetime | None = None) -> list[Reading]:
    """Track points of a GPX 1.0 or 1.1 document in order; points without a time are left out.

    `ends_at` shifts the whole track so that its last point is then: a recorded drive as if it had
    just been driven. Raises `InvalidInput` or `HostileInput`.
    """
    if len(content) > GPX_MAX_BYTES:
        raise HostileInput("the GPX is too large", value=len(content), remedy="cut the track")
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise HostileInput("the GPX declares entities", remedy="export it again") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInput("the GPX cannot be read", value=str(error)[:120]) from error
    if _name(root.tag) != "gpx":
        raise InvalidInput(f"{_name(root.tag)[:40]!r} is no GPX", remedy="send a GPX track")
    readings = []
    for point in (element for element in root.iter() if _name(element.tag) == "trkpt"):
        parts = {_name(child.tag): (child.text or "").strip() for child in point}
        try:
            fix_at = moment_of(parts.get("time"))
            lon, lat = float(point.get("lon", "")), float(point.get("lat", ""))
        except ValueError as error:
            readings.append(Reading(fault=str(error)[:160]))
            continue
        if fix_at is not None:
            readings.append(Reading(lon=lon, lat=lat, fix_at=fix_at))
        if len(readings) > MOST_READINGS:
            raise InvalidInput(f"more than {MOST_READINGS} points", remedy="cut the track")
    times = [reading.fix_at for reading in readings if reading.fix_at is not None]
    if not times:
        raise InvalidInput("the GPX has no track point with a time", remedy="send a recorded track")
    if ends_at is None:
        return readings
    shift: timedelta = ends_at - max(times)
    return [
        Reading(lon=r.lon, lat=r.lat, fix_at=r.fix_at + shift) if r.fix_at else r for r in readings
    ]


def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()
