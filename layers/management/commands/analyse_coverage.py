"""`analyse_coverage [--area CODE] [--level L]`: what the city's cameras see, and where nobody looks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.coverage.analysis import coverage_analyse
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Coverage by level, by area, and ranked gaps; the run is stored."""

    help = "Analyse camera coverage of streets and demand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--area", help="code of an area; all without one")
        parser.add_argument(
            "--level", default="detect", help="detect, observe, recognise or identify"
        )
        parser.add_argument("--profile", help="name of a demand profile")
        parser.add_argument("--wifi", action="store_true", help="wifi reach instead of cameras")
        parser.add_argument("--edition", help="edition of the pixel density table")

    def answer(self, **options: Any) -> dict[str, Any]:
        return coverage_analyse(
            area_code=options["area"],
            level=options["level"],
            profile_name=options["profile"],
            edition=options["edition"],
            subject="wifi" if options["wifi"] else "cameras",
            progress=self.progress,
        )
