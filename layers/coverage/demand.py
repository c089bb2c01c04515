"""Street pieces and their demand: what there is to see.

Demand of a piece i of length l_i metres:

    w_i = l_i · (a_s + a_n · n_i + a_p · p_i + a_o · o_i)

with the weights a of the profile (street, incidents, population, public places) and n, p, o the
densities at the piece, each divided by its mean over all street metres of the run, so that a
weight of 1 adds as much demand in all as the street metres themselves. Incidents: the quartic
kernel (1 − d²/r²)² within r = `kernel_m` (Silverman 1986, eq. 4.5), times the factor of the kind,
times the severity of the kind to `severity_exponent`, times 2^(−age/half-life); none older (>) than
`window_days` at `as_of`. Places: the same kernel within `place_kernel_m`, times the weight of their
kind. Population: people of the smallest area for each of its street metres.

Points are added up in the order of their places, never of their records: the answer does not
change when records come in another order or one comes as two halves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from layers.coverage.profiles import PUBLIC_PLACES, Profile, profile_named
from layers.places.frames import Frame, zone_groups
from layers.places.models import Area

__all__ = ["Profile", "Streets", "build_streets", "cut_lines", "profile_named"]
#: Roads without people on them to look for.
UNWATCHED_CLASSES = ("track",)


@dataclass(frozen=True)
class Streets:
    """Street pieces of one run, in ground metres of its frame.

    `xy` (n, 2) middles; `length_m`, `demand` (n,); `road` (n,) record of each; `start_m` (n,) where
    it begins along its road; `area` (n,) index into `areas` of the smallest area, -1 outside all;
    `lines` shapely pieces; `links` (k, 2) pairs of pieces that touch.
    """

    frame: Frame
    xy: NDArray[np.float64]
    length_m: NDArray[np.float64]
    demand: NDArray[np.float64]
    road: NDArray[np.int64]
    names: dict[int, str]
    area: NDArray[np.int64]
    areas: list[Area]
    lines: NDArray[np.object_]
    links: NDArray[np.int64]
    start_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.length_m)


def cut_lines(lines: Any, *, piece_m: float) -> tuple[Any, NDArray[np.int64], NDArray[np.float64]]:
    """Lines (metres) cut into equal pieces of at most `piece_m`: pieces, line of each, start along it."""
    shapes = np.asarray(lines, dtype=object)
    length = shapely.length(shapes)
    count = np.maximum(1, np.ceil(length / piece_m - 1e-9)).astype(np.int64)
    owner = np.repeat(np.arange(len(shapes)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    number = np.arange(len(owner)) - first
    step = (length / count)[owner]
    return _substrings(shapes, owner, number * step, (number + 1) * step), owner, number * step


def _substrings(
    shapes: NDArray[np.object_],
    owner: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> NDArray[np.object_]:
    """Part of each owner's line between two distances, all at once."""
    coords, index = shapely.get_coordinates(shapes, return_index=True)
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[np.flatnonzero(np.diff(index, prepend=-1))] = 0.0
    along = np.cumsum(step)
    base = along[np.searchsorted(index, np.arange(len(shapes)))]
    along -= base[index]
    span = 1.0 + 2.0 * float(along.max(initial=0.0))
    key = index * span + along
    ends = np.concatenate([owner * span + start, owner * span + end])
    high = np.clip(np.searchsorted(key, ends, side="left"), 1, len(key) - 1)
    inside = index[high] == np.concatenate([owner, owner])
    high = np.where(inside, high, high - 1)
    high = np.where(index[high - 1] == index[high], high, np.minimum(high + 1, len(key) - 1))
    low = high - 1
    room = np.maximum(key[high] - key[low], 1e-12)
    share = np.clip((ends - key[low]) / room, 0.0, 1.0)[:, None]
    at = coords[low] + share * (coords[high] - coords[low])
    n = len(owner)
    eps = 1e-7
    inner_low = np.searchsorted(key, owner * span + start + eps, side="right")
    inner_high = np.searchsorted(key, owner * span + end - eps, side="left")
    inner = np.maximum(inner_high - inner_low, 0)
    total = inner + 2
    offset = np.concatenate([[0], np.cumsum(total)])
    out = np.empty((int(offset[-1]), 2))
    out[offset[:-1]] = at[:n]
    out[offset[1:] - 1] = at[n:]
    if inner.sum():
        piece = np.repeat(np.arange(n), inner)
        within = np.arange(int(inner.sum())) - np.repeat(np.cumsum(inner) - inner, inner)
        out[offset[piece] + 1 + within] = coords[inner_low[piece] + within]
    return shapely.linestrings(out, indices=np.repeat(np.arange(n), total))


def _roads(area: Area | None, srid: int | None) -> list[tuple[int, str, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, r.name, ST_AsBinary(r.geom) FROM layers_road r"
            " WHERE NOT r.tunnel AND r.road_class <> ALL(%s)"
            " AND (%s::bigint IS NULL OR EXISTS ("
            "   SELECT 1 FROM layers_area a WHERE a.id = %s AND ST_Intersects(a.geom, r.geom)))"
            " ORDER BY r.id",
            [list(UNWATCHED_CLASSES), area.pk if area else None, area.pk if area else None],
        )
        rows = cursor.fetchall()
    if srid is None or not rows:
        return rows
    starts = [shapely.get_coordinates(shapely.from_wkb(bytes(row[2])))[0] for row in rows]
    for code, indices in zone_groups(starts):
        if code == srid:
            return [rows[i] for i in indices]
    return []


def build_streets(
    frame: Frame,
    *,
    profile: Profile,
    as_of: datetime,
    area: Area | None = None,
    zone_srid: int | None = None,
) -> Streets:
    """Street pieces with their demand.

    `area`: only pieces whose middle lies in it. `zone_srid`: only roads of that UTM zone.
    `as_of`: incidents age up to this moment, so that a run can be repeated.
    """
    rows = _roads(area, zone_srid)
    areas = _smallest_areas(rows)
    if not rows:
        empty = np.empty(0)
        none = np.empty(0, dtype=np.int64)
        return Streets(frame, np.empty((0, 2)), empty, empty, none, {}, none, areas, np.empty(0, dtype=object), np.empty((0, 2), dtype=np.int64), empty)  # fmt: skip
    lines = frame.geometries_to_local(shapely.from_wkb([bytes(row[2]) for row in rows]))
    pieces, owner, start = cut_lines(lines, piece_m=profile.piece_m)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    if area is not None:
        outline = frame.geometries_to_local(shapely.from_wkb(bytes(area.geom.wkb)))
        shapely.prepare(outline)
        keep = shapely.contains_xy(outline, middle[:, 0], middle[:, 1])
        pieces, owner, start, middle = pieces[keep], owner[keep], start[keep], middle[keep]
    length = shapely.length(pieces)
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    area_index = _area_of(frame, areas, middle)
    demand = _demand(frame, middle, length, area_index, areas, profile, as_of)
    links = _touching(lines, owner, pieces)
    return Streets(
        frame, middle, length, demand, ids[owner], {row[0]: row[1] for row in rows if row[1]}, area_index, areas,
        pieces, links, start,
    )  # fmt: skip


def demand_at(
    lonlat: NDArray[np.float64], length_m: NDArray[np.float64], *, as_of: datetime | None = None
) -> NDArray[np.float64]:
    """Demand of street pieces of others, by their middles (n, 2) in degrees and lengths in metres,
    with the default profile; as in `build_streets`."""
    if not len(lonlat):
        return np.empty(0)
    middle_lon, middle_lat = np.median(lonlat, axis=0)
    frame = Frame.around(float(middle_lon), float(middle_lat))
    middle = frame.to_local(lonlat)
    areas = _smallest_areas([])
    index = _area_of(frame, areas, middle)
    return _demand(
        frame, middle, length_m, index, areas, profile_named(None), as_of or timezone.now()
    )


def _smallest_areas(rows: list[Any]) -> list[Area]:
    levels = list(Area.objects.values_list("level", flat=True).distinct())
    for level in ("kelurahan", "kecamatan", "kota"):
        if level in levels:
            return list(Area.objects.filter(level=level).select_related("parent").order_by("code"))
    return []


def _area_of(frame: Frame, areas: list[Area], middle: NDArray[np.float64]) -> NDArray[np.int64]:
    found = np.full(len(middle), -1, dtype=np.int64)
    if not areas:
        return found
    shapes = frame.geometries_to_local(shapely.from_wkb([bytes(area.geom.wkb) for area in areas]))
    tree = shapely.STRtree(shapes)
    piece, place = tree.query(shapely.points(middle), predicate="intersects")
    order = np.lexsort((-place, piece))
    found[piece[order]] = place[order]
    return found


def _kernel_sum(
    middle: NDArray[np.float64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    reach_m: float,
) -> NDArray[np.float64]:
    """Quartic kernel density of weighted points at the middles, not normalised."""
    total = np.zeros(len(middle))
    if not len(points):
        return total
    tree = cKDTree(points)
    for first in range(0, len(middle), 50_000):
        block = middle[first : first + 50_000]
        near = tree.query_ball_point(block, reach_m, return_sorted=True)
        counts = np.fromiter((len(item) for item in near), dtype=np.int64, count=len(near))
        if not counts.sum():
            continue
        source = np.concatenate([np.asarray(item, dtype=np.int64) for item in near if item])
        target = np.repeat(np.arange(len(block)), counts)
        d2 = ((block[target] - points[source]) ** 2).sum(axis=1)
        value = (1.0 - np.minimum(d2 / reach_m**2, 1.0)) ** 2 * weights[source]
        total[first : first + 50_000] = np.bincount(target, weights=value, minlength=len(block))
    return total


def _demand(
    frame: Frame, middle: NDArray[np.float64], length: NDArray[np.float64], area_index: NDArray[np.int64],
    areas: list[Area], profile: Profile, as_of: datetime,
) -> NDArray[np.float64]:  # fmt: skip
    factor = np.full(len(middle), profile.street_weight)

    def add(weight: float, density: NDArray[np.float64]) -> None:
        mean = float((density * length).sum() / max(length.sum(), 1e-9))
        if weight > 0 and mean > 0:
            factor[:] += weight * density / mean

    if profile.incident_weight > 0:
        points, weights = _incidents(frame, as_of, profile)
        add(profile.incident_weight, _kernel_sum(middle, points, weights, profile.kernel_m))
    if profile.place_weight > 0:
        points, weights = _public_places(frame, profile)
        add(profile.place_weight, _kernel_sum(middle, points, weights, profile.place_kernel_m))
    if profile.population_weight > 0 and areas:
        street = np.bincount(
            area_index[area_index >= 0], weights=length[area_index >= 0], minlength=len(areas)
        )
        people = np.array([max(area.population or 0, 0) for area in areas], dtype=np.float64)
        per_metre = np.divide(people, street, out=np.zeros_like(people), where=street > 0)
        add(profile.population_weight, np.where(area_index >= 0, per_metre[area_index], 0.0))
    return length * factor


def _incidents(
    frame: Frame, as_of: datetime, profile: Profile
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(i.geom), ST_Y(i.geom), t.severity, extract(epoch FROM %s - i.reported_at) / 86400.0, t.code"
            " FROM layers_incident i JOIN layers_incidenttype t ON t.id = i.type_id"
            " WHERE i.reported_at <= %s AND i.state NOT IN ('cancelled', 'merged') ORDER BY i.id",
            [as_of, as_of],
        )
        found = cursor.fetchall()
    rows = np.array([row[:4] for row in found], dtype=np.float64).reshape(-1, 4)
    factor = np.array([profile.incident_kinds.get(row[4], 1.0) for row in found], dtype=np.float64)
    weights = factor * rows[:, 2] ** profile.severity_exponent
    weights *= 0.5 ** (rows[:, 3] / profile.half_life_days)
    if profile.window_days is not None:
        weights[rows[:, 3] > profile.window_days] = 0.0
    return _gathered(frame, rows[:, :2], weights)


def _public_places(
    frame: Frame, profile: Profile
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kinds = profile.place_kinds or dict.fromkeys(PUBLIC_PLACES, 1.0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(geom), ST_Y(geom), kind FROM layers_place WHERE kind = ANY(%s) ORDER BY id",
            [sorted(kinds)],
        )
        found = cursor.fetchall()
    rows = np.array([row[:2] for row in found], dtype=np.float64).reshape(-1, 2)
    weights = np.array([kinds[row[2]] for row in found], dtype=np.float64)
    return _gathered(frame, rows, weights)


def _gathered(
    frame: Frame, lonlat: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points with a weight over 0, one for each place, from west to east, in metres."""
    kept = weights > 0
    lonlat, weights = lonlat[kept], weights[kept]
    order = np.lexsort((weights, lonlat[:, 1], lonlat[:, 0]))
    places, owner = np.unique(lonlat[order], axis=0, return_inverse=True)
    summed: NDArray[np.float64] = np.bincount(
        owner.reshape(-1), weights=weights[order], minlength=len(places)
    ).astype(np.float64)
    return frame.to_local(places.reshape(-1, 2)), summed


def _touching(
    lines: Any, owner: NDArray[np.int64], pieces: NDArray[np.object_]
) -> NDArray[np.int64]:
    """Pairs of pieces that follow one another on a road or share a junction (a vertex of two roads)."""
    follow = np.flatnonzero(owner[1:] == owner[:-1])
    pairs = [np.column_stack([follow, follow + 1])]
    coords, index = shapely.get_coordinates(pieces, return_index=True)
    key = np.round(coords / 0.05).astype(np.int64)
    code = key[:, 0] * 4_000_000_007 + key[:, 1]
    order = np.argsort(code, kind="stable")
    code, piece = code[order], index[order]
    same = np.flatnonzero((code[1:] == code[:-1]) & (piece[1:] != piece[:-1]))
    pairs.append(np.column_stack([piece[same], piece[same + 1]]))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
