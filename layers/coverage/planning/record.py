"""Keeping a plan: a row for the plan, each site, each camera, each camera to turn."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point
from scipy.spatial import cKDTree

from layers.audit.actor import recorded
from layers.coverage.analysis import RunPart
from layers.coverage.models import Plan, PlanCamera, PlanSite, PlanTurn
from layers.coverage.planning.options import Lens
from layers.coverage.plans.places import government_of
from layers.places.models import Area


def plan_record(
    answer: dict[str, Any],
    *,
    name: str,
    area: Area | None,
    parts: list[RunPart],
    lenses: list[Lens],
    parameters: dict[str, Any],
    certificate: dict[str, Any],
    requested_by: Any,
    started: float,
) -> tuple[int, float]:
    """Store a plan in one transaction; its number, and the seconds since `started`.

    Each entry of `answer["sites"]` gets `area` and `street`, those of the nearest street piece.
    """
    _name_places(answer["sites"], parts)
    models = {lens.name: lens for lens in lenses}
    cameras = [camera for site in answer["sites"] for camera in site["cameras"]]
    yearly = parameters["site_yearly_cost_idr"] * len(answer["sites"])
    for camera in cameras:
        model = models[camera["model"]].model
        yearly += model.yearly_cost_idr if model is not None else 0
    answer["yearly_cost_idr"] = yearly
    seconds = round(time.monotonic() - started, 3)
    with recorded():
        plan = Plan.objects.create(
            name=name, level=answer["level"], area=area, parameters=parameters, status=answer["status"],
            objective=answer["objective"], bound=answer["bound"], gap=answer["gap"], demand=answer["demand"],
            covered_before=answer["covered_before"], cost_idr=answer["cost_idr"], yearly_cost_idr=yearly,
            certificate=certificate, seconds=seconds, created_by=requested_by,
            government=government_of(requested_by, area),
        )  # fmt: skip
        areas = dict(
            Area.objects.filter(code__in={site["area"] for site in answer["sites"]} - {None})
            .values_list("code", "pk")
        )  # fmt: skip
        rows = PlanSite.objects.bulk_create(
            PlanSite(
                plan=plan, order=order, gain=site["gain"], cost_idr=site["cost_idr"],
                area_id=areas.get(site["area"]), street=site["street"][:200],
                geom=Point(site["lon"], site["lat"], srid=4326),
            )
            for order, site in enumerate(answer["sites"], start=1)
        )  # fmt: skip
        PlanCamera.objects.bulk_create(
            PlanCamera(
                site=row, model=models[camera["model"]].model, heading_deg=camera["heading_deg"],
                fov_deg=models[camera["model"]].fov_deg, mount_height_m=camera["mount_height_m"],
            )
            for row, site in zip(rows, answer["sites"], strict=True)
            for camera in site["cameras"]
        )  # fmt: skip
        PlanTurn.objects.bulk_create(
            PlanTurn(
                plan=plan, order=order, camera_id=row["camera"], code=row["code"],
                from_heading_deg=row["from_heading_deg"], heading_deg=row["heading_deg"],
                replaced=row["model"] is not None,
                model=models[row["model"]].model if row["model"] else None, gain=row["gain"],
                cost_idr=row["cost_idr"], geom=Point(row["lon"], row["lat"], srid=4326),
            )
            for order, row in enumerate(answer.get("re_aimed", []), start=1)
        )  # fmt: skip
    return plan.pk, seconds


def _name_places(sites: list[dict[str, Any]], parts: list[RunPart]) -> None:
    """Area and street of each site, after the street piece nearest to it in any part."""
    nearest = [float("inf")] * len(sites)
    for site in sites:
        site["area"], site["street"] = None, ""
    places = np.array([(site["lon"], site["lat"]) for site in sites]).reshape(-1, 2)
    for part in parts:
        streets = part.streets
        if not len(streets) or not len(sites):
            continue
        distance, piece = cKDTree(streets.xy).query(part.frame.to_local(places))
        for number, site in enumerate(sites):
            if not distance[number] < nearest[number]:
                continue
            nearest[number] = float(distance[number])
            index = int(streets.area[piece[number]])
            site["area"] = streets.areas[index].code if index >= 0 else None
            site["street"] = streets.names.get(int(streets.road[piece[number]]), "")
