"""Closures in force now, brought on to the graph of a request."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from threading import Lock

import shapely
from django.db.models import Q, QuerySet
from django.utils import timezone

from layers.network.engine.closing import ClosedRoads, close_roads, stretches_of
from layers.network.models import RoadClosure
from layers.network.router import Router

_KEPT = 16
_cache: OrderedDict[tuple[int, bytes], ClosedRoads] = OrderedDict()
_lock = Lock()


def closures_active(*, at: datetime | None = None) -> QuerySet[RoadClosure]:
    """Closures in force at a moment: begun (`starts_at` ≤ at), not ended (at < `ends_at`), not lifted."""
    at = at or timezone.now()
    return RoadClosure.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        Q(lifted_at__isnull=True) | Q(lifted_at__gt=at),
        starts_at__lte=at,
    ).order_by("pk")


def closed_roads(router: Router, *, at: datetime | None = None) -> ClosedRoads:
    """What the closures in force shut on a router's graph, read anew at every call.

    Matching closures to roads costs some milliseconds and is kept for as long as the very same
    closures are in force on the same graph.
    """
    shapes = [bytes(row.geom.wkb) for row in closures_active(at=at).only("geom")]
    if not shapes:
        return router.open_roads
    key = (router.serial, hashlib.sha256(b"".join(shapes)).digest())
    with _lock:
        found = _cache.get(key)
    if found is None:
        found = closed_by(router, shapes)
        with _lock:
            _cache[key] = found
            while len(_cache) > _KEPT:
                _cache.popitem(last=False)
    return found


def closed_by(router: Router, shapes: list[bytes]) -> ClosedRoads:
    """What drawn closures (WKB, degrees) shut on a router's graph."""
    stretches = [
        stretch
        for shape in shapes
        for stretch in stretches_of(router.graph, router.grid, shapely.from_wkb(shape))
    ]
    return close_roads(router.graph, stretches)
