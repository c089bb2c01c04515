"""Background work of coverage: analysing a city, and keeping the stored camera views current."""

from __future__ import annotations

import json
from typing import Any

from layers.access.models import User
from layers.coverage.models import CameraSight
from layers.events.services import event_publish
from layers.jobs.models import Job
from layers.jobs.periodic import periodic
from layers.jobs.registry import job_kind
from layers.jobs.services import job_enqueue, job_progress
from layers.places.versions import layer_versions

ANALYSE = "coverage.analyse"
SIGHTS = "coverage.sights"
PLAN = "coverage.plan"
_WATCHED = ("cctv", "buildings", "camera_models", "optics")


@job_kind(ANALYSE, timeout_s=1200)
def analyse(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One analysis; running it again gives a new run with the same figures."""
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.analysis import coverage_analyse

    figures = coverage_analyse(
        area_code=payload.get("area"),
        level=payload.get("level") or "detect",
        profile_name=payload.get("profile"),
        requested_by=User.objects.filter(pk=payload.get("user") or 0).first(),
        progress=lambda line: job_progress(job, message=line),
    )
    event_publish(
        "coverage.analysed",
        layer="coverage",
        object_id=figures["run"],
        payload={"run": figures["run"]},
    )
    return {"run": figures["run"]}


@job_kind(PLAN, timeout_s=1200)
def plan(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One plan of new sites, as `plan_sites` makes it; places are lists of degrees and GeoJSON."""
    import numpy as np
    import shapely

    from layers.coverage.planning.service import plan_sites

    forbidden = [shapely.from_geojson(json.dumps(shape)) for shape in payload.get("forbidden", [])]
    made = plan_sites(
        sites=payload.get("sites"),
        budget_idr=payload.get("budget_idr"),
        area_code=payload.get("area"),
        level=payload.get("level") or "detect",
        required=np.array(payload.get("required", []), dtype=np.float64).reshape(-1, 2),
        forbidden=np.array(forbidden, dtype=object),
        gap=payload.get("gap", 0.01),
        time_limit_s=min(float(payload.get("time_limit_s", 60.0)), 600.0),
        profile_name=payload.get("profile"),
        name=payload.get("name", ""),
        requested_by=User.objects.filter(pk=payload.get("user") or 0).first(),
        progress=lambda line: job_progress(job, message=line),
    )
    event_publish(
        "coverage.planned", layer="plans", object_id=made["plan"], payload={"plan": made["plan"]}
    )
    return {"plan": made["plan"]}


@job_kind(SIGHTS, timeout_s=1200)
def sights(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """Bring the stored camera views up to date; nothing to do where they are."""
    from layers.coverage.sights import camera_sights_refresh

    count = camera_sights_refresh()
    if count:
        event_publish("coverage.sights", layer="sights", object_id="", payload={"cameras": count})
    return {"cameras": count}


_seen: dict[str, int] = {}


@periodic(5)
def sights_check() -> None:
    """Ask for a refresh when cameras, models, levels or buildings changed since the last one."""
    versions = {name: number for name, number in layer_versions().items() if name in _WATCHED}
    if versions and (versions != _seen or not CameraSight.objects.exists()):
        job_enqueue(SIGHTS, key=SIGHTS)
        _seen.clear()
        _seen.update(versions)
