"""`import_osm PATH [--boundary FILE] [--replace]`: load an OpenStreetMap extract."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.importers.osm.service import osm_import
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Roads, buildings, places, stations and cameras from `.osm.pbf`, `.osm` or `.osm.gz`."""

    help = "Load an OpenStreetMap extract (file or http address)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help=".osm.pbf, .osm or .osm.gz, or an http address of one")
        parser.add_argument("--boundary", help="GeoJSON outline; what touches it is loaded")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="remove what earlier extracts made and nobody edited",
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        return osm_import(
            options["path"],
            boundary=options["boundary"],
            replace=options["replace"],
            progress=self.progress,
        )
