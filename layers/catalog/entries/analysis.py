"""Layers of what was computed: views of cameras, coverage, gaps, plans."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style, Variant
from layers.catalog.registry import layer_register
from layers.coverage.optics import EDITIONS


def _latest_run(rows: QuerySet[Any]) -> QuerySet[Any]:
    runs = rows.model._meta.get_field("run").related_model._default_manager
    done = runs.filter(state="done", subject="cameras", repeats__isnull=True)
    return rows.filter(run_id=done.order_by("-pk").values("pk")[:1])


#: Level → itself and the finer ones, within its edition.
_AT_LEAST = {
    level: list(levels)[place:]
    for levels in EDITIONS.values()
    for place, level in enumerate(levels)
}


def _turned_to(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Streets of the latest run that nobody watches at its level, and a turning camera could."""
    reach = Q(pk__in=[])
    for level, finer in _AT_LEAST.items():
        reach |= Q(run__level=level, reach_level__in=finer)
    return _latest_run(rows).filter(reach, cameras=0)


def _turning(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(level="visible", mode="reach")


def _unblocked(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(level="visible", mode="now")


layer_register(
    Layer(
        key="sights",
        title=_("What cameras see"),
        one=_("View of a camera"),
        group=Group.ANALYSIS,
        model_label="layers.CameraSight",
        geometry=Geometry.POLYGON,
        style=Style("#4cc9f0", "#0b6e99", opacity=0.18, weight_px=0.8),
        title_path="camera__name",
        fields=(
            Field("camera__name", _("camera")),
            Field("camera_id", _("camera number"), "hidden"),
            Field("level", _("level")),
            Field("area_m2", _("area (m²)"), "number"),
            Field("computed_at", _("computed"), "datetime"),
        ),
        tile_fields=("camera_id", "level"),
        min_zoom=11,
        rows=_unblocked,
        drawn_order=20,
    )
)

layer_register(
    Layer(
        key="reach_sights",
        title=_("What PTZ cameras could turn to"),
        one=_("View of a turning camera"),
        group=Group.ANALYSIS,
        model_label="layers.CameraSight",
        geometry=Geometry.POLYGON,
        style=Style("#c9a0ff", "#6a2fb5", opacity=0.14, weight_px=0.8),
        title_path="camera__name",
        versions=("sights",),
        fields=(
            Field("camera__name", _("camera")),
            Field("camera_id", _("camera number"), "hidden"),
            Field("area_m2", _("area (m²)"), "number"),
            Field("computed_at", _("computed"), "datetime"),
        ),
        tile_fields=("camera_id",),
        min_zoom=11,
        rows=_turning,
        drawn_order=19,
    )
)

layer_register(
    Layer(
        key="reach_streets",
        title=_("Streets a PTZ camera could turn to, not watched now"),
        one=_("Stretch of street"),
        group=Group.ANALYSIS,
        model_label="layers.CoverageStreet",
        geometry=Geometry.LINE,
        style=Style("#c9a0ff", "#6a2fb5", weight_px=4, dash=(2, 4)),
        versions=("coverage",),
        fields=(
            Field("reach_level", _("best level in reach")),
            Field("length_m", _("length"), "metres"),
            Field("demand", _("demand"), "number"),
            Field("run_id", _("run"), "hidden"),
        ),
        min_zoom=11,
        rank=("-length_m", "pk"),
        rows=_turned_to,
        drawn_order=32,
    )
)

layer_register(
    Layer(
        key="coverage",
        title=_("Street coverage"),
        one=_("Stretch of street"),
        group=Group.ANALYSIS,
        model_label="layers.CoverageStreet",
        geometry=Geometry.LINE,
        style=Style("#ff7a70", "#b3261e", weight_px=2.5),
        fields=(
            Field("cameras", _("cameras that see it"), "integer"),
            Field("length_m", _("length"), "metres"),
            Field("demand", _("demand"), "number"),
            Field("run_id", _("run"), "hidden"),
        ),
        tile_fields=("cameras",),
        varies_by="cameras",
        variants=(
            Variant(
                "0", _("seen by none"), Style("#ff7a70", "#b3261e", weight_px=2.5, dash=(6, 3))
            ),
            Variant("1", _("seen by one"), Style("#f2c14e", "#8a6100", weight_px=2.5)),
            Variant("2", _("seen by two or more"), Style("#55d6a3", "#0f7a56", weight_px=3.5)),
        ),
        min_zoom=11,
        rank=("-length_m", "pk"),
        parameters={"run": "run_id"},
        rows=_latest_run,
        drawn_order=30,
    )
)

layer_register(
    Layer(
        key="gaps",
        title=_("Gaps"),
        one=_("Gap"),
        group=Group.ANALYSIS,
        model_label="layers.CoverageGap",
        geometry=Geometry.LINE,
        style=Style("#ff5d9e", "#a30f55", Shape.DIAMOND, "eye_off", weight_px=5),
        title_path="street",
        versions=("coverage",),
        fields=(
            Field("rank", _("rank"), "integer"),
            Field("street", _("street")),
            Field("area__name", _("area")),
            Field("demand_uncovered", _("unseen demand"), "number"),
            Field("street_uncovered_m", _("unseen street"), "metres"),
            Field("run_id", _("run"), "hidden"),
        ),
        tile_fields=("rank",),
        rank=("rank",),
        parameters={"run": "run_id"},
        rows=_latest_run,
        drawn_order=35,
    )
)

layer_register(
    Layer(
        key="plans",
        title=_("Proposed sites"),
        one=_("Proposed site"),
        group=Group.ANALYSIS,
        model_label="layers.PlanSite",
        geometry=Geometry.POINT,
        style=Style("#e0ff66", "#566b00", Shape.HEXAGON, "plus"),
        title_path="street",
        fields=(
            Field("order", _("order"), "integer"),
            Field("street", _("street")),
            Field("area__name", _("area")),
            Field("gain", _("demand gained"), "number"),
            Field("cost_idr", _("cost"), "idr"),
            Field("plan_id", _("plan"), "integer"),
        ),
        tile_fields=("order", "plan_id"),
        rank=("order",),
        parameters={"plan": "plan_id"},
        drawn_order=85,
    )
)
