"""The ground that is to be covered: street pieces with their metres, people and demand.

Every usable link is cut into equal pieces of at most `PIECE_M`; a piece counts as reached when its
middle is, so that a figure is at most half a piece off at each end of what is reached. People of
the smallest areas that know their population are spread over the street metres in them.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import count as counting
from threading import Lock, Thread

import numpy as np
import shapely
from django.db import connections
from numpy.typing import NDArray

from layers.dispatch.cover.demand import demand_known, demand_of
from layers.network.osm_tags import ROAD_CLASSES
from layers.network.router import Router
from layers.places.models import Area
from layers.places.versions import layer_versions

PIECE_M = 50.0
#: Demand is made of years of incidents; it is worked out again after so long, seconds.
DEMAND_KEPT_S = 6 * 3600.0
#: Nobody lives along these.
NOBODY_LIVES = ("motorway", "motorway_link", "trunk", "trunk_link")
_LEVELS = (Area.Level.WARD, Area.Level.DISTRICT, Area.Level.CITY)


@dataclass(frozen=True)
class Ground:
    """n street pieces on one graph: `link` (n,) and `along_m` (n,) of their middles, `street_m`,
    `people`, `demand` (n,) each (`demand` None until it is known), `area` (n,) index into `areas`, -1
    outside all. Pieces outside every area are left out where there are areas. `token` tells one set
    of pieces from every other."""

    token: int
    link: NDArray[np.int32]
    along_m: NDArray[np.float64]
    street_m: NDArray[np.float64]
    people: NDArray[np.float64]
    demand: NDArray[np.float64] | None
    area: NDArray[np.int64]
    areas: list[tuple[str, str]]

    @property
    def weight(self) -> NDArray[np.float64]:
        """What a piece counts for when covers are compared: people, else demand, else metres."""
        if self.people.sum() > 0:
            return self.people
        if self.demand is not None and self.demand.sum() > 0:
            return self.demand
        return self.street_m


logger = logging.getLogger(__name__)
_tokens = counting(1)
_Key = tuple[int, int]
_kept: OrderedDict[_Key, Ground] = OrderedDict()
_demand_at: dict[int, float] = {}
_lock = Lock()


def ground_of(router: Router, *, wait: bool = False) -> Ground:
    """The ground of a router's network; its pieces are worked out once for each state of the areas.

    Demand takes seconds and comes later, from a thread of its own, unless the caller can `wait`.
    """
    key = (router.serial, layer_versions().get("areas", 0))
    with _lock:
        ground = _kept.get(key)
    if ground is None:
        ground = _ground(router)
        with _lock:
            ground = _kept.setdefault(key, ground)
            while len(_kept) > 3:
                _kept.popitem(last=False)
    if not demand_known():
        return ground
    with _lock:
        fresh = time.monotonic() - _demand_at.get(ground.token, -DEMAND_KEPT_S) < DEMAND_KEPT_S
        if not fresh:
            _demand_at[ground.token] = time.monotonic()
    if not fresh and wait:
        _fill_demand(router, key, ground)
    elif not fresh:
        Thread(target=_fill_apart, args=(router, key, ground), daemon=True).start()
    with _lock:
        return _kept.get(key, ground)


def _fill_demand(router: Router, key: _Key, ground: Ground) -> None:
    lonlat = places_on(router, ground.link.astype(np.int64), ground.along_m)
    filled = replace(ground, demand=demand_of(lonlat, ground.street_m))
    with _lock:
        if key in _kept:
            _kept[key] = filled


def _fill_apart(router: Router, key: _Key, ground: Ground) -> None:
    """The same in a thread, with a connection of its own."""
    try:
        _fill_demand(router, key, ground)
    except Exception:
        logger.exception("the demand of the streets could not be worked out")
    finally:
        connections.close_all()


def _ground(router: Router) -> Ground:
    graph = router.graph
    usable = np.flatnonzero(router.costed().usable)
    length = graph.length_m[usable]
    count = np.maximum(1, np.ceil(length / PIECE_M - 1e-9)).astype(np.int64)
    link = np.repeat(usable, count)
    nth = np.arange(len(link)) - np.repeat(np.cumsum(count) - count, count)
    street_m = np.repeat(length / count, count)
    along = (nth + 0.5) * street_m
    lonlat = places_on(router, link, along)
    level = _level()
    shapes, areas, people_of = _areas(level)
    area = np.full(len(link), -1, dtype=np.int64)
    if shapes:
        piece, place = shapely.STRtree(shapes).query(shapely.points(lonlat), predicate="intersects")
        area[piece[::-1]] = place[::-1]
        inside = area >= 0
        link, along, street_m, lonlat, area = (
            link[inside], along[inside], street_m[inside], lonlat[inside], area[inside],
        )  # fmt: skip
    lived = ~np.isin(graph.road_class[link], [ROAD_CLASSES.index(name) for name in NOBODY_LIVES])
    people = np.zeros(len(link))
    if shapes:
        metres = np.bincount(area, weights=street_m * lived, minlength=len(shapes))
        each = np.divide(people_of, metres, out=np.zeros_like(people_of), where=metres > 0)
        people = street_m * lived * each[area]
    return Ground(next(_tokens), link.astype(np.int32), along, street_m, people, None, area, areas)


def places_on(
    router: Router, link: NDArray[np.int64], along_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Degrees of places given by link and metres along it: one interpolation over all links."""
    graph = router.graph
    whole = float(graph.length_m.max(initial=0.0)) + 1.0
    owner = np.repeat(np.arange(graph.link_count), np.diff(graph.vertex_offset))
    key = owner * whole + graph.along_m
    wanted = link * whole + along_m
    return np.column_stack([np.interp(wanted, key, graph.lonlat[:, axis]) for axis in (0, 1)])


def _level() -> str | None:
    """The smallest level of areas there is."""
    there = set(Area.objects.filter(level__in=_LEVELS).values_list("level", flat=True).distinct())
    return next((level for level in _LEVELS if level in there), None)


def _areas(
    level: str | None,
) -> tuple[list[shapely.Geometry], list[tuple[str, str]], NDArray[np.float64]]:
    rows = list(Area.objects.filter(level=level).order_by("code")) if level else []
    shapes = [shapely.from_wkb(bytes(row.geom.wkb)) for row in rows]
    people = np.array([row.population or 0 for row in rows], dtype=np.float64)
    return shapes, [(row.code, row.name) for row in rows], people
