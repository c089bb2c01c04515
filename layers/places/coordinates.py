"""Coordinates as people write them: decimal, degrees-minutes-seconds, English and Indonesian letters."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[-+−]?\d{1,3}(?:[.,]\d+)?"
_PART = re.compile(
    rf"""(?P<before>LU|LS|BT|BB|[NSEWU])?\s*
    (?P<degrees>{_NUMBER})\s*°?\s*
    (?:(?P<minutes>\d{{1,2}}(?:[.,]\d+)?)\s*['′’]\s*)?
    (?:(?P<seconds>\d{{1,2}}(?:[.,]\d+)?)\s*(?:["″”]|'')\s*)?
    (?P<after>LU|LS|BT|BB|[NSEWU](?![A-Z]))?""",
    re.VERBOSE | re.IGNORECASE,
)
#: Letter → axis and sign. U (utara) is north, LS is south, BT east, BB west.
_LETTERS = {
    "N": ("lat", 1), "U": ("lat", 1), "LU": ("lat", 1), "S": ("lat", -1), "LS": ("lat", -1),
    "E": ("lon", 1), "BT": ("lon", 1), "W": ("lon", -1), "BB": ("lon", -1),
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One way to read a text as a point, degrees. `by_letters` says that no guess was made."""

    lon: float
    lat: float
    by_letters: bool = False


def coordinates_parse(text: str) -> list[Reading]:
    """Readings of a text as coordinates, likelier first; empty when it is none.

    Two bare numbers are latitude then longitude, as maps print them; the other order is the second
    reading where it is possible, so that a caller can say "swapped?" and never swap in silence.
    """
    parts = _split(text)
    if parts is None:
        return []
    first, second = parts
    axes = {first[1], second[1]}
    if axes == {"lat", "lon"}:
        lat, lon = (first[0], second[0]) if first[1] == "lat" else (second[0], first[0])
        return [Reading(lon, lat, by_letters=True)] if abs(lat) <= 90 and abs(lon) <= 180 else []
    if axes != {""}:
        return []
    a, b = first[0], second[0]
    readings = []
    if abs(a) <= 90 and abs(b) <= 180:
        readings.append(Reading(b, a))
    if abs(b) <= 90 and abs(a) <= 180 and a != b:
        readings.append(Reading(a, b))
    return readings


def _split(text: str) -> tuple[tuple[float, str], tuple[float, str]] | None:
    """Two (value, axis) pairs that make up the whole text, or None."""
    cleaned = text.strip().replace("−", "-")
    # A comma between two decimals is a separator unless it is the decimal sign itself.
    found = list(_PART.finditer(cleaned))
    if len(found) != 2:
        cleaned = (
            re.sub(r",\s", " ", cleaned)
            if re.search(r",\s", cleaned)
            else cleaned.replace(",", " ")
        )
        found = list(_PART.finditer(cleaned))
    if len(found) != 2:
        return None
    rest = (
        cleaned[: found[0].start()]
        + cleaned[found[0].end() : found[1].start()]
        + cleaned[found[1].end() :]
    )
    if rest.strip(" ,;/()"):
        return None
    values = [_value(match) for match in found]
    if values[0] is None or values[1] is None:
        return None
    has_fraction = any(character in cleaned for character in ".,°'′")
    return (values[0], values[1]) if has_fraction or values[0][1] else None


def _value(match: re.Match[str]) -> tuple[float, str] | None:
    number = [
        float(match[name].replace(",", ".")) if match[name] else 0.0
        for name in ("degrees", "minutes", "seconds")
    ]
    if number[1] >= 60 or number[2] >= 60:
        return None
    letter = (match["before"] or match["after"] or "").upper()
    if match["before"] and match["after"]:
        return None
    axis, sign = _LETTERS.get(letter, ("", 1))
    if match["degrees"].startswith("-"):
        sign = -sign
    return sign * (abs(number[0]) + number[1] / 60 + number[2] / 3600), axis
