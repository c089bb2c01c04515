"""`plan_sites (--sites N | --budget RUPIAH)`: where the next cameras go, with a proven bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from layers.coverage.planning.places import forbidden_places, required_places
from layers.coverage.planning.service import plan_sites
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """A plan of new sites for unseen demand; the plan is stored. See docs/planning.md."""

    help = "Plan new camera sites within a number of poles or a budget."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sites", type=int, metavar="N", help="most poles")
        parser.add_argument("--budget", type=int, metavar="RUPIAH", help="most money, whole rupiah")
        parser.add_argument("--area", help="code of an area; all without one")
        parser.add_argument(
            "--level", default="detect", help="detect, observe, recognise or identify"
        )
        parser.add_argument("--require", metavar="FILE", help="GeoJSON points that get a site each")
        parser.add_argument("--forbid", metavar="FILE", help="GeoJSON polygons without sites")
        parser.add_argument(
            "--gap", type=float, default=0.01, metavar="SHARE", help="stop this near to the bound"
        )
        parser.add_argument(
            "--time-limit",
            type=float,
            default=60.0,
            metavar="S",
            help="seconds, sight lines included",
        )
        parser.add_argument("--profile", help="name of a demand profile")
        parser.add_argument("--edition", help="edition of the pixel density table")
        parser.add_argument("--name", default="", help="name of the plan")
        parser.add_argument(
            "--certificate", metavar="FILE", help="write the proof for docs/verify_certificate.py"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        certificate = options["certificate"]
        return plan_sites(
            sites=options["sites"],
            budget_idr=options["budget"],
            area_code=options["area"],
            level=options["level"],
            required=required_places(options["require"]) if options["require"] else None,
            forbidden=forbidden_places(options["forbid"]) if options["forbid"] else None,
            gap=options["gap"],
            time_limit_s=options["time_limit"],
            profile_name=options["profile"],
            edition=options["edition"],
            name=options["name"],
            certificate_path=Path(certificate) if certificate else None,
            progress=self.progress,
        )
