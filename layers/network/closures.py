"""Closures in force now, brought on to the graph of a request."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Any

import shapely
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from layers.errors import Unavailable, Unroutable
from layers.geo.sql import load_sql
from layers.network.engine.closing import ClosedRoads, Stretch, close_roads, stretches_of
from layers.network.models import RoadClosure
from layers.network.router import Router
from layers.network.store import LAYERS, Versions, graph_open, graph_wanted
from layers.network.watch import engine_watch

#: Sets of closures, and single shapes, that are remembered.
_KEPT, _KEPT_SHAPES = 16, 1024
_cache: OrderedDict[tuple[int, bytes], ClosedRoads] = OrderedDict()
_shapes: OrderedDict[tuple[int, bytes], list[Stretch]] = OrderedDict()
_lock = Lock()


def closures_active(*, at: datetime | None = None) -> QuerySet[RoadClosure]:
    """Closures in force at a moment: begun (`starts_at` ≤ at), not ended (at < `ends_at`), not lifted."""
    at = at or timezone.now()
    return RoadClosure.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        Q(lifted_at__isnull=True) | Q(lifted_at__gt=at),
        starts_at__lte=at,
    ).order_by("pk")


def network_asked(*, at: datetime | None = None) -> tuple[Versions, list[bytes]]:
    """Committed versions of the network's layers, and the shapes (WKB, degrees) of the closures in
    force, read anew at every call, with one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("network", "asked"), {"layers": list(LAYERS), "at": at or timezone.now()}
        )
        versions, shapes = cursor.fetchone()
    return tuple(versions), [bytes(shape) for shape in shapes]


def closures_in_force(*, at: datetime | None = None) -> list[bytes]:
    """Shapes (WKB, degrees) of the closures in force, read anew at every call."""
    return network_asked(at=at)[1]


def closed_roads(router: Router, *, at: datetime | None = None) -> ClosedRoads:
    """What the closures in force shut on a router's graph, read anew at every call."""
    return closed_by(router, closures_in_force(at=at))


def closed_by(router: Router, shapes: list[bytes]) -> ClosedRoads:
    """What drawn closures (WKB, degrees) shut on a router's graph; touches no database.

    Matching a closure to roads costs a millisecond or so and is done once for each shape.
    """
    if not shapes:
        return router.open_roads
    key = (router.serial, hashlib.sha256(b"".join(shapes)).digest())
    with _lock:
        found = _cache.get(key)
        if found is not None:
            _cache.move_to_end(key)
    if found is None:
        found = close_roads(
            router.graph, [stretch for shape in shapes for stretch in _stretches(router, shape)]
        )
        with _lock:
            _cache[key] = found
            while len(_cache) > _KEPT:
                _cache.popitem(last=False)
    return found


def _stretches(router: Router, shape: bytes) -> list[Stretch]:
    """Stretches one shape closes, worked out once for a graph."""
    key = (router.serial, hashlib.sha256(shape).digest())
    with _lock:
        found = _shapes.get(key)
    if found is None:
        found = list(stretches_of(router.graph, router.grid, shapely.from_wkb(shape)))
        with _lock:
            _shapes[key] = found
            while len(_shapes) > _KEPT_SHAPES:
                _shapes.popitem(last=False)
    return found


def closures_effect(closure: RoadClosure) -> dict[str, Any] | None:
    """How many stretches of road, and metres, one closure shuts on the newest graph; None where the
    engine does not answer or no roads are loaded there."""
    shape = bytes(closure.geom.wkb)
    x, y = closure.geom.centroid.x, closure.geom.centroid.y
    wanted = graph_wanted()

    def count() -> dict[str, Any]:
        shut = closed_by(graph_open(wanted).at(x, y), [shape])
        return {"roads": shut.count, "street_m": round(float((shut.to_m - shut.from_m).sum()), 1)}

    try:
        return engine_watch.call(count, limit_s=settings.NCC_ROUTER_LIMIT_MS / 1000.0)
    except (Unavailable, Unroutable):
        return None
