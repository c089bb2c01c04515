"""Earthquakes as BMKG publishes them in JSON: one, a list, or a bare list, with gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from layers.errors import InvalidInput
from layers.incidents.hazards.notice import Notice, circle_polygon
from layers.places.coordinates import coordinates_parse

SENDER = "BMKG"
#: Earthquakes read from one document.
MOST_QUAKES = 500
#: A quake is shown for so long after it happened.
SHOWN = timedelta(hours=24)
#: From which magnitude on a quake may be felt how far away (metres): a rule of thumb of ours for
#: the circle on the map, not a shake map.
FELT_M = ((7.0, 600_000.0), (6.0, 350_000.0), (5.0, 180_000.0), (4.0, 80_000.0), (3.0, 40_000.0))
FELT_LEAST_M = 15_000.0
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb peb", "mar", "apr", "mei may", "jun", "jul", "agu agt aug", "sep", "okt oct", "nov nop", "des dec"), 1
    )
    for name in names.split()
}  # fmt: skip
_OFFSETS = {"WIB": 7, "WITA": 8, "WIT": 9, "UTC": 0}


def felt_radius_m(magnitude: float | None) -> float:
    """Radius of the circle drawn around an epicentre."""
    if magnitude is None:
        return FELT_LEAST_M
    return next((radius for least, radius in FELT_M if magnitude >= least), FELT_LEAST_M)


def quake_notices(document: Any) -> list[Notice]:
    """Earthquakes of a document; entries without a place or time are left out and counted in none.

    Raises `InvalidInput` where the document holds no earthquake at all.
    """
    rows = list(_rows(document))[:MOST_QUAKES]
    notices = [notice for row in rows if (notice := _notice(row)) is not None]
    if not notices:
        raise InvalidInput(
            "the document holds no earthquake with a time and a place",
            value=len(rows),
            remedy="check the address of the feed",
        )
    return notices


def _rows(document: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Objects that look like an earthquake, however they are wrapped."""
    if depth > 6:
        return
    if isinstance(document, list):
        for item in document:
            yield from _rows(item, depth + 1)
    elif isinstance(document, Mapping):
        names = {str(name).lower() for name in document}
        if names & {"magnitude", "mag"} and names & {"coordinates", "lintang", "datetime", "tanggal", "point"}:  # fmt: skip
            yield document
            return
        for value in document.values():
            if isinstance(value, list | Mapping):
                yield from _rows(value, depth + 1)


def _notice(row: Mapping[str, Any]) -> Notice | None:
    values = {str(name).lower(): value for name, value in row.items()}
    place, happened_at = _place(values), _happened_at(values)
    if place is None or happened_at is None:
        return None
    lon, lat = place
    magnitude = _number(values.get("magnitude", values.get("mag")))
    where = _words(values.get("wilayah"))
    felt = _words(values.get("dirasakan"))
    said = f"M {magnitude:g}" if magnitude is not None else "M ?"
    notice = Notice(
        sender=SENDER,
        # A quake is told again with a better place and magnitude: its time is its name.
        identifier=f"gempa-{happened_at:%Y%m%d%H%M%S}",
        kind="earthquake", message="alert", sent_at=happened_at, starts_at=happened_at,
        expires_at=happened_at + SHOWN, event=f"Gempa {said}", event_en=f"Earthquake {said}",
        headline=f"Gempa {said}, {where}"[:300] if where else f"Gempa {said}",
        headline_en=f"Earthquake {said}, {where}"[:300] if where else f"Earthquake {said}",
        description=". ".join(text for text in (_words(values.get("potensi")), felt and f"Dirasakan: {felt}") if text),
        place_text=(where + (f"; {felt}" if felt else ""))[:500], magnitude=magnitude,
        depth_km=_number(values.get("kedalaman")), severity=_severity(magnitude), certainty="observed",
    )  # fmt: skip
    notice.polygons.append(circle_polygon(lon, lat, felt_radius_m(magnitude)))
    notice.notes.append("the circle is a rule of thumb by magnitude")
    return notice


def _place(values: Mapping[str, Any]) -> tuple[float, float] | None:
    """Longitude and latitude from `Coordinates` (latitude first), else from `Lintang` and `Bujur`."""
    inner = values.get("point")
    text = values.get("coordinates") or (
        inner.get("coordinates") if isinstance(inner, Mapping) else ""
    )
    if isinstance(text, list):
        text = ",".join(str(part) for part in text)
    try:
        first, second = (float(part) for part in str(text).split(",")[:2])
    except ValueError:
        readings = coordinates_parse(f"{values.get('lintang', '')} {values.get('bujur', '')}")
        return (readings[0].lon, readings[0].lat) if readings else None
    if abs(first) > 90:  # longitude first, against the custom
        first, second = second, first
    return (second, first) if abs(first) <= 90 and abs(second) <= 180 else None


def _happened_at(values: Mapping[str, Any]) -> datetime | None:
    text = str(values.get("datetime") or "").strip()
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:
        pass
    date = re.match(r"(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*[\s-]+(\d{2,4})", str(values.get("tanggal") or "").strip())  # fmt: skip
    time = re.match(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([A-Z]*)", str(values.get("jam") or "").strip())  # fmt: skip
    month = _MONTHS.get(date[2].lower()) if date else None
    if date is None or time is None or month is None:
        return None
    year = int(date[3]) + (2000 if len(date[3]) == 2 else 0)
    zone = timezone(timedelta(hours=_OFFSETS.get(time[4], 7)))
    try:
        local = datetime(year, month, int(date[1]), int(time[1]), int(time[2]), int(time[3] or 0), tzinfo=zone)  # fmt: skip
    except ValueError:
        return None
    return local.astimezone(UTC)


def _number(value: Any) -> float | None:
    found = re.search(r"-?\d+(?:[.,]\d+)?", str(value if value is not None else ""))
    return float(found[0].replace(",", ".")) if found else None


def _words(value: Any) -> str:
    text = " ".join(str(value or "").split())
    return "" if text in {"-", "null"} else text


def _severity(magnitude: float | None) -> str:
    if magnitude is None:
        return "unknown"
    limits = ((7.0, "extreme"), (6.0, "severe"), (5.0, "moderate"))
    return next((name for least, name in limits if magnitude >= least), "minor")
