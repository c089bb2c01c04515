"""`load_demo`: make the demonstration city once, load it through the importers, make its accounts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from fixtures.demo_city import VERSION
from fixtures.demo_city.areas import CITY_CODE
from fixtures.demo_city.city import city_generate
from layers.access.demo import demo_accounts_create
from layers.coverage.plans.demo import demo_requests_create
from layers.coverage.tasks import ANALYSE, SAMPLE_PLAN, SIGHTS
from layers.dispatch.demo import demo_crew_link, demo_night_begin, demo_rules_create
from layers.errors import Conflict, InvalidInput
from layers.importers.osm.service import osm_import
from layers.importers.services import layer_import
from layers.jobs.services import job_enqueue
from layers.management.base import JsonCommand
from layers.network.models import Road
from layers.network.upkeep import JOB as ROUTING_GRAPH
from layers.places.models import Area, Origin

MARK = "demo_loaded"
#: Layers in the order in which they point to each other, around the street map.
BEFORE_STREETS = ("agencies", "camera_models", "optics_standards", "incident_types", "unit_statuses", "run_cards", "areas")  # fmt: skip
AFTER_STREETS = ("stations", "cctv", "wifi", "units", "incidents", "assignments", "calls")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a day", value=text, remedy="write YYYY-MM-DD"
        ) from error


class Command(JsonCommand):
    """Loads the demonstration city; does nothing where it is loaded already."""

    help = "Make and load the demonstration city, with one account for each role."

    #: What it stores is read by the people of the site.
    language = None

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--today", default="", help="day the history ends before (default: today)"
        )
        parser.add_argument("--seed", type=int, default=1, help="another city for another number")
        parser.add_argument("--again", action="store_true", help="load it even if it is there")

    def answer(self, **options: Any) -> dict[str, Any]:
        started = time.monotonic()
        city = Area.objects.filter(code=CITY_CODE, origin=Origin.DEMO).first()
        if city is not None and MARK in city.attributes and not options["again"]:
            accounts = self._accounts()
            return {
                "loaded": False, "layers": {}, "accounts": accounts,
                "seconds": round(time.monotonic() - started, 3),
            }  # fmt: skip
        foreign = Area.objects.exclude(origin=Origin.DEMO).exists()
        if (foreign or (city is None and Road.objects.exists())) and not options["again"]:
            raise Conflict(
                "the database holds a city already",
                remedy="load the demonstration city into an empty database, or add --again to mix them",
            )
        today = _day(options["today"]) if options["today"] else timezone.localdate()
        folder = self._files(today, options["seed"])
        layers: dict[str, Any] = {}
        steps: list[tuple[str, Callable[[], dict[str, Any]]]] = [
            *((name, lambda name=name: self._layer(name, folder)) for name in BEFORE_STREETS),
            ("osm", lambda: self._streets(folder, replace=options["again"])),
            *((name, lambda name=name: self._layer(name, folder)) for name in AFTER_STREETS),
        ]
        for name, step in steps:
            began = time.monotonic()
            self.progress(f"loading {name}")
            layers[name] = {**step(), "seconds": round(time.monotonic() - began, 3)}
        demo_rules_create()
        accounts = self._accounts()
        demo_night_begin()
        demo_requests_create()
        self._derive()
        city = Area.objects.get(code=CITY_CODE)
        city.attributes[MARK] = {
            "version": VERSION,
            "seed": options["seed"],
            "today": today.isoformat(),
        }
        city.save(update_fields=["attributes", "updated_at"])
        return {
            "loaded": True, "layers": layers, "accounts": accounts,
            "seconds": round(time.monotonic() - started, 3),
        }  # fmt: skip

    def _files(self, today: date, seed: int) -> Path:
        """The generated files, made anew unless they are of this version, seed and day."""
        folder = Path(settings.NCC_DEMO_DIR)
        about = folder / "about.json"
        wanted = {"version": VERSION, "seed": seed, "today": today.isoformat()}
        try:
            known = json.loads(about.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        if any(known.get(name) != value for name, value in wanted.items()):
            about.unlink(missing_ok=True)
            self.progress("making the demonstration city")
            city_generate(folder, today=today, seed=seed, say=self.progress)
        return folder

    def _layer(self, name: str, folder: Path) -> dict[str, Any]:
        path = folder / ("areas.geojson" if name == "areas" else f"{name}.csv")
        report = layer_import(name, path, origin=Origin.DEMO)
        if report["rejected"]:
            self.progress(
                f"{name}: {len(report['rejected'])} rejected, first {report['rejected'][0]}"
            )
        return {key: report[key] for key in ("created", "updated", "unchanged")} | {
            "rejected": len(report["rejected"])
        }

    def _streets(self, folder: Path, *, replace: bool) -> dict[str, Any]:
        report = osm_import(
            str(folder / "city.osm.pbf"),
            boundary=str(folder / "areas.geojson"),
            replace=replace,
            progress=self.progress,
        )
        return {key: report[key] for key in ("roads", "buildings", "places")} | {
            "rejected": len(report["rejected"])
        }

    def _accounts(self) -> list[dict[str, str]]:
        """One account for each role; those made now are written for `bin/run` to show."""
        made = [
            {"user": user, "password": password, "role": role}
            for user, password, role in demo_accounts_create()
        ]
        demo_crew_link()
        if made:
            path = Path(settings.NCC_VAR) / "demo-accounts.txt"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(accounts_table(made))
        return made

    def _derive(self) -> None:
        """Ask the worker for what is computed from the layers; the map is usable meanwhile."""
        job_enqueue(ROUTING_GRAPH, key=ROUTING_GRAPH)
        job_enqueue(SIGHTS, key=SIGHTS)
        job_enqueue(ANALYSE, params={"level": "detect"})
        job_enqueue(SAMPLE_PLAN, key=SAMPLE_PLAN)

    def text(self, answer: dict[str, Any]) -> str:
        lines = []
        if not answer["loaded"]:
            lines.append("the demonstration city is loaded already")
        for name, counts in answer["layers"].items():
            lines.append(f"{name}: " + ", ".join(f"{count} {key}" for key, count in counts.items()))
        if answer["accounts"]:
            lines.append(accounts_table(answer["accounts"]).rstrip())
        return "\n".join(lines)


def accounts_table(accounts: list[dict[str, str]]) -> str:
    """User name, password and role, one account a line."""
    head = "demonstration accounts (user, password, role):\n"
    return head + "".join(f"  {a['user']:<18} {a['password']:<30} {a['role']}\n" for a in accounts)
