"""What OpenStreetMap tags say about buildings, ground, places, stations and cameras: pure functions.

The words are those of the OSM wiki pages Key:building, Key:height, Key:building:levels,
Key:amenity, Key:emergency and Tag:man_made=surveillance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

FOOT_M = 0.3048
_LENGTH = re.compile(
    r"^\s*~?\s*(\d+(?:[.,]\d+)?)\s*(m|meter|meters|metres|ft|feet|')?\s*$", re.IGNORECASE
)
_FEET_INCHES = re.compile(r"^\s*(\d+)\s*'\s*(\d+(?:\.\d+)?)?\s*\"?\s*$")
_POINTS = {
    "n": 0.0, "nne": 22.5, "ne": 45.0, "ene": 67.5, "e": 90.0, "ese": 112.5, "se": 135.0, "sse": 157.5,
    "s": 180.0, "ssw": 202.5, "sw": 225.0, "wsw": 247.5, "w": 270.0, "wnw": 292.5, "nw": 315.0, "nnw": 337.5,
    "north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0,
}  # fmt: skip

STATION_KINDS = {
    "fire_station": "fire",
    "police": "police",
    "ambulance_station": "ambulance",
    "rescue_station": "rescue",
    "mountain_rescue": "rescue",
    "water_rescue": "rescue",
}
_SETTLEMENTS = {
    "city": 1, "town": 4, "borough": 10, "suburb": 14, "quarter": 18, "village": 12,
    "neighbourhood": 30, "hamlet": 24, "locality": 40, "square": 34, "island": 20,
}  # fmt: skip
_AMENITIES = {
    "hospital": 16, "university": 18, "townhall": 18, "marketplace": 22, "bus_station": 20, "college": 26,
    "clinic": 32, "school": 34, "courthouse": 28, "theatre": 30, "library": 32, "place_of_worship": 36,
    "doctors": 40, "pharmacy": 44, "kindergarten": 44, "bank": 46, "fuel": 40, "parking": 50,
    "post_office": 42, "community_centre": 40, "cinema": 34, "embassy": 34, "prison": 30,
}  # fmt: skip
_OTHER_PLACES: tuple[tuple[str, dict[str, int]], ...] = (
    ("railway", {"station": 18, "halt": 28}),
    ("aeroway", {"aerodrome": 14, "terminal": 30}),
    ("tourism", {"museum": 30, "attraction": 32, "hotel": 42, "zoo": 30, "viewpoint": 40}),
    ("leisure", {"stadium": 24, "park": 30, "sports_centre": 36}),
    ("shop", {"mall": 26, "supermarket": 40, "department_store": 34}),
    ("historic", {"monument": 32, "memorial": 40, "castle": 30}),
    ("office", {"government": 30}),
    ("natural", {"peak": 30}),
)
_GROUND: tuple[tuple[str, dict[str, str]], ...] = (
    ("natural", {"water": "water", "bay": "water", "wetland": "green", "wood": "green", "scrub": "green", "grassland": "green"}),
    ("waterway", {"riverbank": "water", "dock": "water", "river": "waterway", "stream": "waterway", "canal": "waterway", "drain": "waterway", "ditch": "waterway"}),
    ("landuse", {"reservoir": "water", "basin": "water", "forest": "green", "grass": "green", "meadow": "green", "recreation_ground": "park", "village_green": "park", "cemetery": "green", "farmland": "farmland", "orchard": "farmland", "industrial": "industrial", "railway": "rail"}),
    ("leisure", {"park": "park", "garden": "park", "pitch": "green", "golf_course": "green", "nature_reserve": "green"}),
    ("railway", {"rail": "rail", "light_rail": "rail", "tram": "rail"}),
)  # fmt: skip


def length_m(text: str | None) -> float | None:
    """Metres from a tag such as `12`, `12.5 m`, `40 ft` or `6'2"`; None where it cannot be read."""
    if not text:
        return None
    feet = _FEET_INCHES.match(text)
    if feet:
        return (int(feet.group(1)) + float(feet.group(2) or 0) / 12) * FOOT_M
    match = _LENGTH.match(text)
    if not match:
        return None
    value = float(match.group(1).replace(",", "."))
    return value * FOOT_M if (match.group(2) or "").lower() in {"ft", "feet", "'"} else value


@dataclass(frozen=True)
class BuildingAttributes:
    """A building as its tags describe it; heights in metres, None where nothing usable is said."""

    kind: str
    name: str
    height_m: float | None
    min_height_m: float | None
    levels: float | None
    fault: str = ""


def building_attributes(tags: Mapping[str, str]) -> BuildingAttributes | None:
    """Attributes of a building outline, or None where the tags describe no standing building.

    A height or level count out of all proportion is dropped and named in `fault`.
    """
    kind = tags.get("building", "")
    if not kind or kind in {"no", "proposed", "construction", "demolished", "razed", "destroyed"}:
        return None
    faults = []
    height = length_m(tags.get("height") or tags.get("building:height") or tags.get("est_height"))
    if height is not None and not 0 < height <= 1000:
        faults.append(f"height {tags.get('height')!r} dropped")
        height = None
    elif height is None and tags.get("height"):
        faults.append(f"height {tags.get('height')!r} not understood")
    levels = length_m(tags.get("building:levels"))
    if levels is not None and not 0 <= levels <= 250:
        faults.append(f"building:levels {tags.get('building:levels')!r} dropped")
        levels = None
    elif levels is None and tags.get("building:levels"):
        faults.append(f"building:levels {tags.get('building:levels')!r} not understood")
    roof = length_m(tags.get("roof:levels"))
    if levels is not None and roof:
        levels = min(levels + roof / 2, 250.0)
    least = length_m(tags.get("min_height"))
    return BuildingAttributes(
        kind=kind[:60],
        name=" ".join(tags.get("name", "").split())[:200],
        height_m=height,
        min_height_m=least if least is not None and 0 <= least < 1000 else None,
        levels=levels,
        fault="; ".join(faults),
    )


def ground_kind(tags: Mapping[str, str]) -> str | None:
    """Kind of land cover, or None."""
    for key, kinds in _GROUND:
        kind = kinds.get(tags.get(key, ""))
        if kind is not None:
            return kind
    return None


def place_kind(tags: Mapping[str, str]) -> tuple[str, int] | None:
    """Kind of a named place and its rank (smaller is more important), or None."""
    for key, kinds in (("place", _SETTLEMENTS), ("amenity", _AMENITIES), *_OTHER_PLACES):
        value = tags.get(key, "")
        if value in kinds:
            return value, kinds[value]
    return None


def station_kind(tags: Mapping[str, str]) -> str | None:
    """Kind of a station that units start from, or None."""
    return STATION_KINDS.get(tags.get("amenity", "")) or STATION_KINDS.get(
        tags.get("emergency", "")
    )


def compass_deg(text: str | None) -> float | None:
    """Bearing in [0, 360) from `90`, `NE` or `south`; None for ranges and what cannot be read."""
    if not text:
        return None
    word = text.strip().lower().rstrip("°")
    if word in _POINTS:
        return _POINTS[word]
    try:
        value = float(word.replace(",", "."))
    except ValueError:
        return None
    return value % 360.0 if math.isfinite(value) else None


@dataclass(frozen=True)
class SurveillanceAttributes:
    """A surveillance camera as OpenStreetMap describes it."""

    kind: str
    heading_deg: float | None
    fov_deg: float | None
    mount_height_m: float | None
    tilt_deg: float | None
    fault: str = ""


def surveillance_attributes(tags: Mapping[str, str]) -> SurveillanceAttributes | None:
    """Attributes of a surveillance camera, or None where the tags describe none."""
    if tags.get("man_made") != "surveillance" or tags.get("surveillance:type", "camera") not in {
        "camera",
        "",
    }:
        return None
    turning = tags.get("camera:type") in {"dome", "panning"} or tags.get("revolving") == "yes"
    stated = tags.get("camera:direction") or tags.get("direction")
    heading = compass_deg(stated)
    height = length_m(tags.get("height") or tags.get("camera:height"))
    angle = length_m(tags.get("camera:angle"))
    return SurveillanceAttributes(
        kind="ptz" if turning else "fixed",
        heading_deg=heading,
        fov_deg=None,
        mount_height_m=height if height is not None and 0 < height <= 500 else None,
        tilt_deg=angle if angle is not None and 0 <= angle <= 90 else None,
        fault=f"direction {stated!r} not understood" if stated and heading is None else "",
    )
