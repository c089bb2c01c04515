"""`plan_sites (--sites N | --budget RUPIAH | --share SHARE)`: where the next cameras go, with a proven bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from layers.coverage.planning.asked import APART_FROM_SITES_M, SPACING_M
from layers.coverage.planning.options import (
    CAMERA_COST_IDR,
    CAMERAS_PER_SITE,
    HEADINGS_DEG,
    MOUNT_HEIGHT_M,
    RE_AIM_COST_IDR,
    RE_AIM_LEAST_SHARE,
    SITE_COST_IDR,
    SITE_YEARLY_COST_IDR,
)
from layers.coverage.planning.places import forbidden_places, required_places
from layers.coverage.planning.service import plan_sites
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """A plan of new sites for unseen demand; the plan is stored. See docs/planning.md."""

    help = "Plan new camera sites within a number of poles, a budget, or for a share of the demand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sites", type=int, metavar="N", help="most poles")
        parser.add_argument("--budget", type=int, metavar="RUPIAH", help="most money, whole rupiah")
        parser.add_argument("--area", help="code of an area; all without one")
        parser.add_argument(
            "--level", default="detect", help="detect, observe, recognise or identify"
        )
        parser.add_argument(
            "--share",
            type=float,
            metavar="SHARE",
            help="fewest poles that see this share of demand",
        )
        parser.add_argument("--require", metavar="FILE", help="GeoJSON points that get a site each")
        parser.add_argument("--forbid", metavar="FILE", help="GeoJSON polygons without sites")
        parser.add_argument(
            "--candidates", metavar="FILE", help="GeoJSON points that may get a site"
        )
        parser.add_argument(
            "--no-corners", action="store_true", help="only places given, no street corners"
        )
        parser.add_argument(
            "--min-distance", type=float, default=SPACING_M, metavar="M", help="between new sites"
        )
        parser.add_argument(
            "--site-distance", type=float, default=APART_FROM_SITES_M, metavar="M",
            help="from sites that are there",
        )  # fmt: skip
        parser.add_argument("--model", action="append", help="name of a model; may be repeated")
        parser.add_argument(
            "--heading", action="append", type=float, metavar="D", help="may be repeated"
        )
        parser.add_argument("--cameras-per-site", type=int, default=CAMERAS_PER_SITE, metavar="N")
        parser.add_argument("--mount-height", type=float, default=MOUNT_HEIGHT_M, metavar="M")
        parser.add_argument("--site-cost", type=int, default=SITE_COST_IDR, metavar="RUPIAH")
        parser.add_argument(
            "--site-yearly-cost", type=int, default=SITE_YEARLY_COST_IDR, metavar="RUPIAH"
        )
        parser.add_argument(
            "--camera-cost", type=int, default=CAMERA_COST_IDR, metavar="RUPIAH",
            help="of a camera without a price in the list",
        )  # fmt: skip
        parser.add_argument(
            "--backup", type=float, default=0.0, metavar="SHARE",
            help="part of the demand earned once more where a second site sees it",
        )  # fmt: skip
        parser.add_argument(
            "--re-aim", action="store_true", help="existing fixed cameras may be turned"
        )
        parser.add_argument("--swap", action="store_true", help="existing cameras may be replaced")
        parser.add_argument("--re-aim-cost", type=int, default=RE_AIM_COST_IDR, metavar="RUPIAH")
        parser.add_argument(
            "--re-aim-least", type=float, default=RE_AIM_LEAST_SHARE, metavar="SHARE",
            help="of all demand that a changed camera brings at least",
        )  # fmt: skip
        parser.add_argument("--most-candidates", type=int, metavar="N", help="the most promising")
        parser.add_argument("--seed", type=int, default=0, help="of the random search")
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
            share=options["share"],
            candidates_extra=required_places(options["candidates"])
            if options["candidates"]
            else None,
            corners=not options["no_corners"],
            min_distance_m=options["min_distance"],
            site_distance_m=options["site_distance"],
            models=tuple(options["model"]) if options["model"] else None,
            headings_deg=tuple(options["heading"]) if options["heading"] else HEADINGS_DEG,
            cameras_per_site=options["cameras_per_site"],
            mount_height_m=options["mount_height"],
            site_cost_idr=options["site_cost"],
            site_yearly_cost_idr=options["site_yearly_cost"],
            camera_cost_idr=options["camera_cost"],
            backup_share=options["backup"],
            re_aim=options["re_aim"],
            swap=options["swap"],
            re_aim_cost_idr=options["re_aim_cost"],
            re_aim_least_share=options["re_aim_least"],
            most_candidates=options["most_candidates"],
            seed=options["seed"],
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
