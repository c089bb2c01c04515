"""Layers of what is going on: units, incidents, closures."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from layers.catalog.entries.assets import STATION_KINDS
from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style, Variant
from layers.catalog.registry import layer_register


def _open_incidents(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(state__in=["closed", "cancelled", "merged"])


_UNIT_FIELDS = (
    Field("unit__callsign", _("callsign")),
    Field("unit__name", _("name")),
    Field("unit__kind", _("kind"), "choice"),
    Field("unit__status__name", _("status")),
    Field("unit__status__status_class", _("status class"), "choice"),
    Field("unit__status_since", _("in status since"), "datetime"),
    Field("unit__agency__name", _("agency")),
    Field("unit__station__name", _("station")),
    Field("unit__capabilities", _("capabilities"), "list"),
    Field("fix_at", _("position from"), "datetime"),
    Field("speed_kph", _("speed (km/h)"), "number"),
    Field("heading_deg", _("heading"), "degrees"),
    Field("unit_id", _("unit number"), "hidden"),
)

layer_register(
    Layer(
        key="units",
        title=_("Units"),
        one=_("Unit"),
        group=Group.OPERATIONS,
        model_label="layers.UnitPosition",
        geometry=Geometry.POINT,
        style=Style("#ffffff", "#1b2530", Shape.DIAMOND, "vehicle"),
        title_path="unit__callsign",
        subtitle_path="unit__status__name",
        fields=_UNIT_FIELDS,
        tile_fields=(
            "unit__callsign", "unit__kind", "unit__status__status_class", "unit_id", "fix_at", "heading_deg",
        ),
        search_fields=("unit__callsign", "unit__name"),
        varies_by="unit__kind",
        variants=tuple(
            Variant(variant.value, variant.title, Style(variant.style.dark, variant.style.light, Shape.DIAMOND, variant.style.glyph))
            for variant in STATION_KINDS
        ),
        agency_path="unit__agency",
        shown=True,
        live=True,
        drawn_order=95,
    )
)  # fmt: skip

_INCIDENT_FIELDS = (
    Field("number", _("number")),
    Field("type__name", _("type")),
    Field("priority", _("priority"), "integer"),
    Field("state", _("state"), "choice"),
    Field("reported_at", _("reported"), "datetime"),
    Field("first_dispatch_at", _("first dispatch"), "datetime"),
    Field("first_on_scene_at", _("first on scene"), "datetime"),
    Field("closed_at", _("closed"), "datetime"),
    Field("disposition", _("disposition"), "choice"),
    Field("agency__name", _("lead agency")),
    Field("area__name", _("area")),
    Field("address", _("address")),
    Field("summary", _("summary")),
)
_PRIORITIES = (
    Variant("1", _("priority 1"), Style("#ff5d73", "#b00026", Shape.TRIANGLE, "alert")),
    Variant("2", _("priority 2"), Style("#ff9a4d", "#a84300", Shape.DIAMOND, "alert")),
    Variant("3", _("priority 3"), Style("#f5d04c", "#7a5f00", Shape.HEXAGON, "alert")),
    Variant("4", _("priority 4"), Style("#9fd3a8", "#39703f", Shape.SQUARE, "alert")),
    Variant("5", _("priority 5"), Style("#aebccb", "#566473", Shape.CIRCLE, "alert")),
)

layer_register(
    Layer(
        key="active_incidents",
        title=_("Open incidents"),
        one=_("Incident"),
        group=Group.OPERATIONS,
        model_label="layers.Incident",
        geometry=Geometry.POINT,
        style=_PRIORITIES[2].style,
        title_path="number",
        subtitle_path="type__name",
        fields=_INCIDENT_FIELDS,
        versions=("incidents",),
        tile_fields=("number", "priority", "state", "type__name", "reported_at", "address"),
        varies_by="priority",
        variants=_PRIORITIES,
        agency_path="agency",
        rows=_open_incidents,
        rank=("priority", "pk"),
        shown=True,
        live=True,
        drawn_order=100,
    )
)

layer_register(
    Layer(
        key="incidents",
        title=_("Incident history"),
        one=_("Incident"),
        group=Group.ANALYSIS,
        model_label="layers.Incident",
        geometry=Geometry.POINT,
        style=Style("#ff8fa3", "#9c1c3c", Shape.DROP, "alert"),
        title_path="number",
        subtitle_path="type__name",
        fields=_INCIDENT_FIELDS,
        tile_fields=("number", "priority", "state"),
        search_fields=("number", "address"),
        varies_by="priority",
        variants=_PRIORITIES,
        cluster_cell_px=64,
        agency_path="agency",
        rank=("priority", "-pk"),
        drawn_order=55,
    )
)

layer_register(
    Layer(
        key="closures",
        title=_("Road closures"),
        one=_("Road closure"),
        group=Group.OPERATIONS,
        model_label="layers.RoadClosure",
        geometry=Geometry.LINE,
        style=Style("#ff6b6b", "#b3261e", Shape.SQUARE, "minus", weight_px=5, dash=(8, 5)),
        title_path="reason",
        fields=(
            Field("kind", _("kind"), "choice", public=True),
            Field("reason", _("reason"), public=True),
            Field("starts_at", _("from"), "datetime", public=True),
            Field("ends_at", _("until"), "datetime", public=True),
        ),
        tile_fields=("kind",),
        shown=True,
        drawn_order=45,
    )
)
