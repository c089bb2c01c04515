"""The one door to the routing engine for requests: closures in force, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings

from layers.errors import Unavailable
from layers.network.answers import LonLat
from layers.network.closures import closed_by, network_asked
from layers.network.engine.closing import ClosedRoads
from layers.network.router import Router
from layers.network.store import graph_forget, graph_open, graph_wanted, routers
from layers.network.watch import engine_watch, slow_watch

#: Isochrones and cover are pictures, not answers to a caller: they may take longer.
SLOW_LIMIT_S = 15.0

T = TypeVar("T")


def router_ask(
    point: LonLat,
    work: Callable[[Router, ClosedRoads], T],
    *,
    limit_s: float | None = None,
    build: bool = False,
) -> tuple[T, bool]:
    """What `work` finds on the network around a point with the closures in force now, and whether
    that network is the committed one.

    What the database says is read here; `work` runs apart, within `NCC_ROUTER_LIMIT_MS` or
    the longer `limit_s`, and must not touch the database. `build`: for commands; builds an
    out-of-date graph first and sets no limit. Raises `Unavailable` where the engine gives no
    answer, `Unroutable` where no road is near.
    """
    versions, shapes = network_asked()
    if build:
        graph = routers(build=True)
        router = graph.at(*point)
        return work(router, closed_by(router, shapes)), graph.current
    wanted = graph_wanted(versions)

    def answer() -> tuple[T, bool]:
        graph = graph_open(wanted)
        router = graph.at(*point)
        return work(router, closed_by(router, shapes)), graph.current

    try:
        if limit_s is not None:
            return slow_watch.call(answer, limit_s=limit_s)
        return engine_watch.call(answer, limit_s=settings.NCC_ROUTER_LIMIT_MS / 1000.0)
    except Unavailable as error:
        if error.__cause__ is not None:  # the engine broke: what it holds may be spoilt
            graph_forget()
        raise


@dataclass(frozen=True)
class Network:
    """The network around a point as it is now; `current` is False while a newer one waits."""

    router: Router
    closed: ClosedRoads
    current: bool


def network_at(point: LonLat, *, build: bool = False) -> Network:
    """The network around a point with its closures, for work that needs the database in between;
    run what is then asked of the engine by `engine_run`."""
    (router, closed), current = router_ask(
        point, lambda router, closed: (router, closed), build=build
    )
    return Network(router, closed, current)


def engine_run(work: Callable[[], T], *, limit_s: float = SLOW_LIMIT_S) -> T:
    """Run work on an opened network within a limit; it must not touch the database."""
    return slow_watch.call(work, limit_s=limit_s)
