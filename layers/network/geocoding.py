"""From words to places: streets, intersections, addresses, named places, areas, coordinates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import QuerySet

from layers.geo.crs import geodesic_m
from layers.geo.sql import load_sql
from layers.network.models import Road
from layers.places.coordinates import coordinates_parse
from layers.places.models import Address, Area, Place

#: Rows of one kind that are looked at before ranking.
_CANDIDATES = 60
#: Crossings of one pair of streets closer than this are one junction (dual carriageways, staggers).
_ONE_JUNCTION_M = 120.0
_STREET_WORDS = re.compile(r"^(?:jalan|jln|jl|gang|gg)\b\.?\s*", re.IGNORECASE)
_CROSSING = re.compile(
    r"\s+(?:x|×|&|dan|and|simpang|persimpangan)\s+|\s*[×/]\s*|\s+@\s+", re.IGNORECASE
)
_CROSSING_WORDS = re.compile(r"^(?:simpang|perempatan|pertigaan|persimpangan)\s+", re.IGNORECASE)
_HOUSE = re.compile(r"^(?P<street>.*?[^\W\d_].*?)\s*(?:\bno\.?|\bnomor|,)?\s+(?P<number>\d{1,4}\s?[a-z]?)$", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One answer: a point in degrees with a label, its kind, and how well it fits (0 is exact).

    `layer` and `feature_id` name the feature where there is one. `hint` is a code for the page:
    `swapped` (the other order of coordinates).
    """

    label: str
    kind: str
    lon: float
    lat: float
    fit: int
    layer: str = ""
    feature_id: int | None = None
    context: str = ""
    hint: str = ""
    distance_m: float | None = None


def search_places(
    text: str, *, near: tuple[float, float] | None = None, limit: int = 10
) -> list[Found]:
    """Places that a text may mean, best first: by fit, then by distance from `near` (lon, lat).

    Understands coordinates, `Ijen x Semeru`, `Jalan Ijen 25`, names and parts of names.
    """
    wanted = " ".join(text.split())[:120]
    if len(wanted) < 2:
        return []
    points = _coordinates(wanted)
    if points:
        return _with_context(points)
    found = [*_intersections(wanted)]
    if not found:
        found = [*_addresses(wanted), *_streets(wanted), *_named_places(wanted), *_areas(wanted)]
    return _with_context(_ranked(found, near)[:limit])


def name_fit(name: str, wanted: str) -> int:
    """0 equal, 1 begins with it, 2 a word begins with it, 3 holds it; street words do not count."""
    plain, goal = street_core(name).casefold(), street_core(wanted).casefold()
    if plain == goal:
        return 0
    if plain.startswith(goal):
        return 1
    return 2 if f" {goal}" in plain else 3


def street_core(name: str) -> str:
    """A street's name without Jalan, Jl., Gang."""
    core = _STREET_WORDS.sub("", name.strip())
    return core or name.strip()


def like_pattern(text: str) -> str:
    """Upper-case LIKE pattern of a part of a name, wildcards in it taken literally."""
    escaped = text.upper().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _ranked(found: Iterable[Found], near: tuple[float, float] | None) -> list[Found]:
    if near is None:
        return sorted(found, key=lambda one: (one.fit, len(one.label), one.label))
    placed = [replace(one, distance_m=geodesic_m(*near, one.lon, one.lat)) for one in found]
    return sorted(placed, key=lambda one: (one.fit, one.distance_m or 0.0, one.label))


def _coordinates(text: str) -> list[Found]:
    readings = coordinates_parse(text)
    return [
        Found(
            label=f"{reading.lat:.6f}, {reading.lon:.6f}",
            kind="coordinates",
            lon=reading.lon,
            lat=reading.lat,
            fit=order,
            hint="swapped" if order else "",
        )
        for order, reading in enumerate(readings)
    ]


def _intersections(text: str) -> list[Found]:
    sides = [
        street_core(side) for side in _CROSSING.split(_CROSSING_WORDS.sub("", text)) if side.strip()
    ]
    if len(sides) != 2 or min(map(len, sides)) < 2:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("network", "intersections"),
            {"first": like_pattern(sides[0]), "second": like_pattern(sides[1])},
        )
        rows = cursor.fetchall()
    found = [
        Found(
            label=f"{first} × {second}",
            kind="intersection",
            lon=lon,
            lat=lat,
            fit=name_fit(first, sides[0]) + name_fit(second, sides[1]) + (0 if touches else 1),
        )
        for first, second, lon, lat, touches in rows
    ]
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: one.fit):
        if not any(
            one.label == other.label
            and geodesic_m(one.lon, one.lat, other.lon, other.lat) < _ONE_JUNCTION_M
            for other in kept
        ):
            kept.append(one)
    return kept


def _addresses(text: str) -> list[Found]:
    match = _HOUSE.match(text)
    if match is None:
        return []
    street, number = street_core(match["street"]), match["number"].replace(" ", "")
    rows = Address.objects.filter(street__icontains=street, housenumber__istartswith=number)
    return [
        Found(
            label=f"{row.street} {row.housenumber}",
            kind="address",
            lon=row.geom.x,
            lat=row.geom.y,
            fit=name_fit(row.street, street)
            + (0 if row.housenumber.casefold() == number.casefold() else 1),
        )
        for row in rows[:_CANDIDATES]
    ]


def _streets(text: str) -> list[Found]:
    """Streets by name: one answer for all pieces of a street, at the middle of its longest one."""
    match = _HOUSE.match(text)
    wanted = street_core(match["street"]) if match else street_core(text)
    if len(wanted) < 2:
        return []
    best: dict[str, tuple[float, Road]] = {}
    for row in _matching(Road.objects.exclude(name=""), wanted)[:400]:
        length = row.geom.length
        if row.name not in best or length > best[row.name][0]:
            best[row.name] = (length, row)
    found = []
    for name, (_length, row) in best.items():
        middle = row.geom.interpolate_normalized(0.5)
        found.append(
            Found(
                label=name, kind="street", lon=middle.x, lat=middle.y, layer="roads", feature_id=row.pk,
                fit=name_fit(name, wanted) + (1 if match else 0),
            )
        )  # fmt: skip
    return found


def _named_places(text: str) -> list[Found]:
    return [
        Found(
            label=row.name, kind="place", lon=row.geom.x, lat=row.geom.y, fit=name_fit(row.name, text),
            layer="places", feature_id=row.pk,
        )
        for row in _matching(Place.objects.order_by("rank", "name"), text)[:_CANDIDATES]
    ]  # fmt: skip


def _areas(text: str) -> list[Found]:
    found = []
    for row in _matching(Area.objects.all(), text)[:_CANDIDATES]:
        inside = row.geom.point_on_surface
        found.append(
            Found(
                label=row.name, kind="area", lon=inside.x, lat=inside.y, fit=name_fit(row.name, text),
                layer="areas", feature_id=row.pk,
            )
        )  # fmt: skip
    return found


def _matching(rows: QuerySet, text: str) -> QuerySet:
    return rows.filter(name__icontains=text)


def _with_context(found: list[Found]) -> list[Found]:
    """The same answers with the name of the smallest area that holds each."""
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("network", "areas_of_points"),
            {"lons": [one.lon for one in found], "lats": [one.lat for one in found]},
        )
        names = dict(cursor.fetchall())
    return [
        replace(one, context="" if names.get(order) == one.label else names.get(order, ""))
        for order, one in enumerate(found, start=1)
    ]
