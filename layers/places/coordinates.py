"""Coordinates as people write them: decimal, degrees-minutes-seconds, English and Indonesian letters."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[-+−]?\d{1,3}(?:[.,]\d+)?"
_LETTER = r"(?:LU|LS|BT|BB|[NSEWU](?![A-Z]))"
_AMOUNT = rf"""(?P<degrees>{_NUMBER})\s*°?\s*
    (?:(?P<minutes>\d{{1,2}}(?:[.,]\d+)?)\s*['′’]\s*)?
    (?:(?P<seconds>\d{{1,2}}(?:[.,]\d+)?)\s*(?:["″”]|'')\s*)?"""
#: Letters stand before both numbers or after both: `S 7.98 E 112.63`, `7.98 S 112.63 E`.
_PARTS = tuple(
    re.compile(pattern, re.VERBOSE | re.IGNORECASE)
    for pattern in (
        rf"(?P<letter>{_LETTER})\s*{_AMOUNT}",
        rf"{_AMOUNT}(?P<letter>{_LETTER})?",
    )
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
    # A comma is the decimal sign, or what stands between the two numbers.
    for form in (cleaned, re.sub(r",\s", " ", cleaned), cleaned.replace(",", " ")):
        for part in _PARTS:
            found = list(part.finditer(form))
            if len(found) == 2 and not part.sub("", form).strip(" ,;/()"):
                return _pair(found, form)
    return None


def _pair(
    found: list[re.Match[str]], text: str
) -> tuple[tuple[float, str], tuple[float, str]] | None:
    first, second = (_value(match) for match in found)
    if first is None or second is None:
        return None
    # Two bare whole numbers are a house and something else, never a point.
    has_fraction = any(character in text for character in ".,°'′")
    return (first, second) if has_fraction or first[1] else None


def _value(match: re.Match[str]) -> tuple[float, str] | None:
    degrees, minutes, seconds = (
        float(match[name].replace(",", ".")) if match[name] else 0.0
        for name in ("degrees", "minutes", "seconds")
    )
    if minutes >= 60 or seconds >= 60:
        return None
    axis, sign = _LETTERS.get((match["letter"] or "").upper(), ("", 1))
    if match["degrees"].startswith("-"):
        sign = -sign
    return sign * (abs(degrees) + minutes / 60 + seconds / 3600), axis
