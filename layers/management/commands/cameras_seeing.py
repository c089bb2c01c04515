"""`cameras_seeing LON LAT`: which cameras see a point, best view first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.coverage.sights import cameras_seeing
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Cameras that see a point now, then PTZ cameras that could turn to it."""

    help = "List the cameras that see a point, best view first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lon", type=float)
        parser.add_argument("lat", type=float)
        parser.add_argument("--edition", help="edition of the pixel density table")

    def answer(self, **options: Any) -> dict[str, Any]:
        return cameras_seeing(options["lon"], options["lat"], edition=options["edition"])
