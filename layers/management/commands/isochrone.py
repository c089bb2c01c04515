"""`isochrone LON LAT --minutes M [M …]`: how far one gets by road."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.dispatch.reach import isochrone_features
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """GeoJSON, one (Multi)Polygon for each of the minutes."""

    help = "Print how far one gets by road from a point."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lon", type=float)
        parser.add_argument("lat", type=float)
        parser.add_argument("--minutes", type=float, nargs="+", required=True)
        parser.add_argument("--kind", help="drive as fire, police, ambulance or rescue")

    def answer(self, **options: Any) -> dict[str, Any]:
        return isochrone_features(
            options["lon"],
            options["lat"],
            minutes=options["minutes"],
            kind=options["kind"],
            build=True,
        )
