"""`camera_view LON LAT --heading D --fov D`: the region a camera there would see."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.coverage.city import DEFAULT_HEIGHT_M, DEFAULT_RANGE_M
from layers.coverage.sights import camera_region
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """GeoJSON of what is visible and of each level of image quality."""

    help = "Print what a camera at a point would see, buildings in the way."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lon", type=float)
        parser.add_argument("lat", type=float)
        parser.add_argument("--heading", type=float, required=True, help="degrees from true north")
        parser.add_argument(
            "--fov", type=float, required=True, help="horizontal field of view, degrees"
        )
        parser.add_argument("--model", help="name of a camera model; 1920 × 1080 without one")
        parser.add_argument(
            "--height", type=float, default=DEFAULT_HEIGHT_M, help="metres above ground"
        )
        parser.add_argument("--max-range", type=float, default=DEFAULT_RANGE_M, help="metres")
        parser.add_argument("--kind", help="fixed, ptz or multi; by default the model's")
        parser.add_argument("--tilt", type=float, help="degrees below the horizon")
        parser.add_argument("--edition", help="edition of the pixel density table")

    def answer(self, **options: Any) -> dict[str, Any]:
        return camera_region(
            options["lon"],
            options["lat"],
            heading_deg=options["heading"],
            fov_deg=options["fov"],
            model=options["model"],
            kind=options["kind"],
            tilt_deg=options["tilt"],
            height_m=options["height"],
            range_m=options["max_range"],
            edition=options["edition"],
        )
