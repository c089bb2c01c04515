"""Demo units on the road: each drives along the network at road speed, and to its incident when it is sent."""

from __future__ import annotations

import random
import secrets
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from django.apps import apps

from layers.dispatch.models import StatusClass, Unit
from layers.dispatch.positions.intake import Source
from layers.dispatch.positions.keys import key_hash
from layers.dispatch.positions.models import PositionDevice
from layers.dispatch.positions.reading import Reading
from layers.dispatch.positions.service import positions_take
from layers.errors import Unroutable
from layers.geo.crs import bearing_deg, geodesic_m
from layers.network.closures import closed_roads
from layers.network.costing import costing_for
from layers.network.router import LonLat, Router

#: A patrol goes at most this far from where it started (metres, straight).
ROUND_M = 2500.0
#: A unit rests so long at the end of a patrol drive (seconds).
REST_S = (60.0, 240.0)
#: Scatter of a simulated receiver (metres, one standard deviation).
SCATTER_M = 3.0
_M_OF_DEG = 111_195.0

#: Told of a unit that starts for its incident or arrives: assignment id and `en_route` or `on_scene`.
StepTold = Callable[[int, str], None]


@dataclass
class Drive:
    """A line driven at an even pace: degrees, and metres along it."""

    line: list[list[float]]
    metres: list[float]
    pace_mps: float
    done_m: float = 0.0

    @classmethod
    def along(cls, line: list[list[float]], *, seconds: float) -> Drive:
        """A drive that takes `seconds` in all."""
        metres = [0.0]
        for (x, y), (to_x, to_y) in pairwise(line):
            metres.append(metres[-1] + geodesic_m(x, y, to_x, to_y))
        return cls(line, metres, metres[-1] / max(seconds, 1.0))

    def advance(self, seconds: float) -> bool:
        """Drive on; True once the end is reached."""
        self.done_m = min(self.done_m + self.pace_mps * seconds, self.metres[-1])
        return self.done_m >= self.metres[-1]

    def place(self) -> tuple[float, float, float]:
        """Longitude, latitude and bearing now."""
        at = min(max(bisect_right(self.metres, self.done_m) - 1, 0), len(self.line) - 2)
        (x, y), (to_x, to_y) = self.line[at], self.line[at + 1]
        length = self.metres[at + 1] - self.metres[at]
        share = (self.done_m - self.metres[at]) / length if length else 0.0
        return x + share * (to_x - x), y + share * (to_y - y), bearing_deg(x, y, to_x, to_y)


@dataclass
class SimulatedUnit:
    """One unit of the simulation."""

    source: Source
    kind: str
    home: LonLat
    lon: float
    lat: float
    heading_deg: float = 0.0
    drive: Drive | None = None
    rest_s: float = 0.0
    job: int | None = None
    post: LonLat | None = None
    arrived: bool = False
    moving_kph: float = field(default=0.0)


class Simulation:
    """Moves units along a router's network; `step` is called once for every tick."""

    def __init__(
        self, units: Sequence[Unit], router: Router, *, seed: int = 1, told: StepTold | None = None
    ) -> None:
        self.router = router
        self.units = {unit.pk: found for unit in units if (found := _simulated(unit)) is not None}
        self._random = random.Random(seed)  # noqa: S311
        self._told = told or (lambda _assignment, _step: None)
        for unit in self.units.values():
            unit.rest_s = self._random.uniform(0, REST_S[0])

    def step(self, seconds: float, now: datetime) -> int:
        """Drive all units on by `seconds` and report their fixes at `now`; returns how many moved."""
        jobs, classes, posts = _jobs(self.units), _classes(self.units), _posts(self.units)
        for number, unit in self.units.items():
            self._follow(unit, jobs.get(number))
            if unit.job is None:
                self._stand_in(unit, posts.get(number))
            free = classes.get(number) == StatusClass.AVAILABLE and number not in posts
            self._move(unit, seconds, patrols=free)
        return sum(
            positions_take(unit.source, [self._reading(unit, now)]).moved
            for unit in self.units.values()
        )

    def _follow(self, unit: SimulatedUnit, job: tuple[int, float, float] | None) -> None:
        """Turn to the incident the unit was sent to, or back to patrol when it is done."""
        if job is None:
            if unit.job is not None:
                unit.job, unit.drive, unit.arrived, unit.rest_s = None, None, False, 5.0
            return
        assignment, lon, lat = job
        if unit.job == assignment:
            return
        unit.job, unit.arrived = assignment, False
        unit.drive = self._drive(unit, (lon, lat))
        if unit.drive is not None:
            self._told(assignment, "en_route")

    def _stand_in(self, unit: SimulatedUnit, post: LonLat | None) -> None:
        """Turn to the station where the unit was ordered to stand in, and wait there."""
        if post == unit.post:
            return
        unit.post = post
        if post is not None:
            unit.drive = self._drive(unit, post)

    def _move(self, unit: SimulatedUnit, seconds: float, *, patrols: bool) -> None:
        unit.moving_kph = 0.0
        if unit.drive is None:
            if unit.job is not None or not patrols:
                return
            unit.rest_s -= seconds
            if unit.rest_s <= 0:
                unit.drive = self._drive(unit, self._somewhere(unit.home))
                unit.rest_s = self._random.uniform(*REST_S)
            return
        unit.moving_kph = unit.drive.pace_mps * 3.6
        over = unit.drive.advance(seconds)
        unit.lon, unit.lat, unit.heading_deg = unit.drive.place()
        if over:
            unit.drive = None
            if unit.job is not None and not unit.arrived:
                unit.arrived = True
                self._told(unit.job, "on_scene")

    def _drive(self, unit: SimulatedUnit, goal: LonLat) -> Drive | None:
        try:
            found = self.router.route(
                (unit.lon, unit.lat), goal, costing=costing_for(unit.kind), closed=closed_roads(self.router)
            )  # fmt: skip
        except Unroutable:
            return None
        line = found.route.coordinates
        return Drive.along(line, seconds=found.eta_s) if len(line) > 1 else None

    def _somewhere(self, home: LonLat) -> LonLat:
        """A junction within `ROUND_M` of home, or home where there is none."""
        nodes = self.router.graph.node_lonlat
        span = ROUND_M / _M_OF_DEG
        near = np.flatnonzero(np.all(np.abs(nodes - np.array(home)) <= span, axis=1))
        if not len(near):
            return home
        lon, lat = nodes[int(near[self._random.randrange(len(near))])].tolist()
        return lon, lat

    def _reading(self, unit: SimulatedUnit, now: datetime) -> Reading:
        scatter = SCATTER_M / _M_OF_DEG if unit.moving_kph else 0.0
        return Reading(
            lon=unit.lon + self._random.gauss(0.0, scatter),
            lat=unit.lat + self._random.gauss(0.0, scatter),
            fix_at=now,
            device_at=now + timedelta(milliseconds=200),
            speed_kph=round(unit.moving_kph, 1),
            heading_deg=round(unit.heading_deg, 1) % 360.0,
            accuracy_m=SCATTER_M,
        )


def _simulated(unit: Unit) -> SimulatedUnit | None:
    """A unit at its last place or station; None where neither is known."""
    position = getattr(unit, "position", None)
    place = position.geom if position is not None else unit.station.geom if unit.station else None
    if place is None:
        return None
    device, _made = PositionDevice.objects.get_or_create(
        unit=unit,
        kind=PositionDevice.Kind.SIMULATOR,
        defaults={
            "name": f"Simulator {unit.callsign}",
            "key_hash": key_hash(secrets.token_hex(24)),
            "key_hint": "",
        },
    )
    home = unit.station.geom if unit.station else place
    source = Source(device.pk, unit.pk, unit.agency_id, device.max_age_s, "simulator")
    return SimulatedUnit(source, unit.kind, (home.x, home.y), place.x, place.y)


def _jobs(units: dict[int, SimulatedUnit]) -> dict[int, tuple[int, float, float]]:
    """The incident each unit is on: assignment, longitude, latitude; the latest where it has several."""
    model: Any = apps.get_model("layers.Assignment")
    rows = model.objects.filter(
        unit__in=list(units), cleared_at__isnull=True, cancelled_at__isnull=True,
        dispatched_at__isnull=False,
    ).select_related("incident")  # fmt: skip
    return {
        row.unit_id: (row.pk, row.incident.geom.x, row.incident.geom.y)
        for row in rows.order_by("dispatched_at")
    }


def _posts(units: dict[int, SimulatedUnit]) -> dict[int, LonLat]:
    """The station where each unit stands in, for those that do."""
    rows = Unit.objects.filter(pk__in=list(units), post__isnull=False).select_related("post")
    return {row.pk: (row.post.geom.x, row.post.geom.y) for row in rows if row.post is not None}


def _classes(units: dict[int, SimulatedUnit]) -> dict[int, str]:
    return dict(Unit.objects.filter(pk__in=list(units)).values_list("pk", "status__status_class"))
