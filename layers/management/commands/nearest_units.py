"""`nearest_units LON LAT`: who gets there soonest by road, and why others are left out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.dispatch.recommendation import DEFAULT_COUNT, units_nearest
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Units soonest first, with time, distance and the reason of every unit left out."""

    help = "List the units that reach a point soonest by road."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lon", type=float)
        parser.add_argument("lat", type=float)
        parser.add_argument("--kind", help="fire, police, ambulance or rescue")
        parser.add_argument("--capability", help="a capability the unit must have")
        parser.add_argument("--count", type=int, default=DEFAULT_COUNT)

    def answer(self, **options: Any) -> dict[str, Any]:
        return units_nearest(
            options["lon"],
            options["lat"],
            kind=options["kind"],
            capability=options["capability"],
            count=options["count"],
            build=True,
        )
