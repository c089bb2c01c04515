"""`simulate_units`: demo units drive along the roads so that the console lives."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from layers.dispatch.assigning.stepping import assignment_step
from layers.dispatch.models import Unit
from layers.dispatch.positions.simulation import Simulation
from layers.errors import NccError, NotFound
from layers.management.base import JsonCommand
from layers.network.store import routers
from layers.places.models import Origin


class Command(JsonCommand):
    """Drives units until it is stopped: on patrol near their stations, to their incidents when sent."""

    help = (
        "Let demo units drive along real roads; a unit that is dispatched drives to its incident."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seconds", type=float, default=0, help="stop after so long (0: when stopped)"
        )
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two fixes")
        parser.add_argument("--pace", type=float, default=1.0, help="times as fast as real time")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--callsign", action="append", default=[], help="only these units, demo or not"
        )
        parser.add_argument(
            "--auto-status",
            action="store_true",
            help="units report en route and on scene themselves",
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        rows = Unit.objects.select_related("station", "position").order_by("callsign")
        wanted = options["callsign"]
        units = list(
            rows.filter(callsign__in=wanted) if wanted else rows.filter(origin=Origin.DEMO)
        )
        if not units:
            raise NotFound(
                "no such units" if wanted else "there are no demo units",
                value=wanted,
                remedy="name units with --callsign, or load the demo city",
            )
        first = next(u.station or u.position for u in units if u.station or hasattr(u, "position"))
        router = routers(build=True).at(first.geom.x, first.geom.y)
        told = self._step if options["auto_status"] else None
        simulation = Simulation(units, router, seed=options["seed"], told=told)
        self.progress(f"{len(simulation.units)} units on the road")
        every_s = max(options["every"], 0.2)
        started, ticks, fixes = time.monotonic(), 0, 0
        while not options["seconds"] or time.monotonic() - started < options["seconds"]:
            fixes += simulation.step(every_s * options["pace"], timezone.now())
            ticks += 1
            time.sleep(max(0.0, started + ticks * every_s - time.monotonic()))
        return {"units": len(simulation.units), "ticks": ticks, "fixes": fixes}

    def _step(self, assignment_id: int, step: str) -> None:
        """What a crew would press; a step that does not fit is told and left."""
        try:
            assignment_step(assignment_id, user=None, step=step, reason="simulation")
        except NccError as error:
            self.progress(f"assignment {assignment_id}: {error}")
