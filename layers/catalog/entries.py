"""The declarations: one entry a layer."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style, Variant
from layers.catalog.registry import layer_register

_CAMERA = Style("#4cc9f0", "#0b6e99", Shape.CIRCLE, "camera")
_CAMERA_FAILED = Style("#ff7a70", "#b3261e", Shape.DIAMOND, "cross_out")
_CAMERA_UPKEEP = Style("#f5b841", "#8a5a00", Shape.TRIANGLE, "wrench")
_CAMERA_PLANNED = Style("#9db2c4", "#50606e", Shape.HEXAGON, "plus")
_CAMERA_RETIRED = Style("#7d8894", "#66707a", Shape.SQUARE, "minus")


def _open_incidents(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(state__in=["closed", "cancelled", "merged"])


def _latest_run(rows: QuerySet[Any]) -> QuerySet[Any]:
    runs = rows.model._meta.get_field("run").related_model._default_manager
    return rows.filter(run_id=runs.filter(state="done").order_by("-pk").values("pk")[:1])


def _levels_at(rows: QuerySet[Any], zoom: int) -> QuerySet[Any]:
    if zoom < 9:
        return rows.filter(level__in=["provinsi", "kota"])
    if zoom < 12:
        return rows.filter(level__in=["provinsi", "kota", "kecamatan"])
    return rows


def _unblocked(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(level="visible")


layer_register(
    Layer(
        key="cctv",
        title=_("Cameras"),
        one=_("Camera"),
        group=Group.ASSETS,
        model_label="layers.Camera",
        geometry=Geometry.POINT,
        style=_CAMERA,
        title_path="name",
        subtitle_path="address",
        fields=(
            Field("name", _("name"), public=True),
            Field("code", _("code"), public=True),
            Field("status", _("status"), "choice", public=True),
            Field("kind", _("kind"), "choice", public=True),
            Field("site__name", _("site"), public=True),
            Field("site_id", _("site number"), "hidden", public=True),
            Field("agency__name", _("agency"), public=True),
            Field("address", _("address"), public=True),
            Field("heading_deg", _("heading"), "degrees"),
            Field("heading_source", _("heading known from"), "choice"),
            Field("fov_deg", _("field of view"), "degrees"),
            Field("mount_height_m", _("mounting height"), "metres"),
            Field("tilt_deg", _("tilt"), "degrees"),
            Field("max_range_m", _("range"), "metres"),
            Field("model__name", _("model")),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("name", "status", "kind", "site_id", "heading_deg", "fov_deg"),
        search_fields=("name", "code", "address"),
        varies_by="status",
        variants=(
            Variant("active", _("active"), _CAMERA),
            Variant("failed", _("failed"), _CAMERA_FAILED),
            Variant("maintenance", _("under maintenance"), _CAMERA_UPKEEP),
            Variant("planned", _("planned"), _CAMERA_PLANNED),
            Variant("retired", _("retired"), _CAMERA_RETIRED),
        ),
        cluster_cell_px=32,
        agency_path="agency",
        shown=True,
        sectors=True,
        siblings_by="site_id",
        drawn_order=70,
    )
)

layer_register(
    Layer(
        key="wifi",
        title=_("Free wifi"),
        one=_("Wifi hotspot"),
        group=Group.ASSETS,
        model_label="layers.WifiHotspot",
        geometry=Geometry.POINT,
        style=Style("#c3a6ff", "#6a3fc0", Shape.SQUARE, "wifi"),
        title_path="name",
        subtitle_path="address",
        fields=(
            Field("name", _("name"), public=True),
            Field("code", _("code"), public=True),
            Field("status", _("status"), "choice", public=True),
            Field("ssid", _("SSID"), public=True),
            Field("agency__name", _("agency"), public=True),
            Field("address", _("address"), public=True),
            Field("reach_m", _("reach"), "metres", public=True),
            Field("bandwidth_mbps", _("bandwidth (Mbit/s)"), "number"),
            Field("provider", _("provider")),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("name", "status"),
        search_fields=("name", "code", "ssid", "address"),
        cluster_cell_px=32,
        agency_path="agency",
        drawn_order=60,
    )
)

_STATIONS = (
    Variant("fire", _("fire"), Style("#ff8a5c", "#b23c0e", Shape.TRIANGLE, "flame")),
    Variant("police", _("police"), Style("#7fb0ff", "#1d55b5", Shape.SHIELD, "star")),
    Variant("ambulance", _("ambulance"), Style("#63d69b", "#0f7a46", Shape.SQUARE, "plus")),
    Variant("rescue", _("rescue"), Style("#f2c14e", "#8a6100", Shape.PENTAGON, "lifebuoy")),
)

layer_register(
    Layer(
        key="stations",
        title=_("Stations"),
        one=_("Station"),
        group=Group.ASSETS,
        model_label="layers.Station",
        geometry=Geometry.POINT,
        style=Style("#b8c4cf", "#475462", Shape.PENTAGON, "house"),
        title_path="name",
        subtitle_path="address",
        fields=(
            Field("name", _("name"), public=True),
            Field("code", _("code"), public=True),
            Field("kind", _("kind"), "choice", public=True),
            Field("status", _("status"), "choice", public=True),
            Field("agency__name", _("agency"), public=True),
            Field("address", _("address"), public=True),
            Field("phone", _("phone"), "phone", public=True),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("name", "kind", "status"),
        search_fields=("name", "code", "address"),
        varies_by="kind",
        variants=_STATIONS,
        agency_path="agency",
        shown=True,
        drawn_order=80,
    )
)

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
            for variant in _STATIONS
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
        tile_fields=("number", "priority", "state", "type__name", "reported_at"),
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

layer_register(
    Layer(
        key="areas",
        title=_("Administrative areas"),
        one=_("Area"),
        group=Group.BASE,
        model_label="layers.Area",
        geometry=Geometry.POLYGON,
        style=Style("#9aa7b4", "#5a6672", weight_px=1.2, dash=(6, 3), opacity=0.0),
        title_path="name",
        subtitle_path="code",
        fields=(
            Field("name", _("name"), public=True),
            Field("code", _("code"), public=True),
            Field("level", _("level"), "choice", public=True),
            Field("parent__name", _("part of"), public=True),
            Field("population", _("population"), "integer", public=True),
        ),
        tile_fields=("name", "level"),
        search_fields=("name", "code"),
        rank=("code",),
        rows_at=_levels_at,
        basemap=True,
        drawn_order=10,
    )
)

layer_register(
    Layer(
        key="roads",
        title=_("Roads"),
        one=_("Road"),
        group=Group.BASE,
        model_label="layers.Road",
        geometry=Geometry.LINE,
        style=Style("#7f8c99", "#8b97a3"),
        title_path="name",
        subtitle_path="ref",
        fields=(
            Field("name", _("name"), public=True),
            Field("ref", _("number"), public=True),
            Field("road_class", _("class"), public=True),
            Field("oneway", _("direction"), "choice", public=True),
            Field("maxspeed_kph", _("speed limit (km/h)"), "number", public=True),
            Field("access", _("access"), "choice", public=True),
            Field("bridge", _("bridge"), "flag", public=True),
            Field("tunnel", _("tunnel"), "flag", public=True),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("name", "road_class", "oneway", "bridge", "tunnel"),
        has_minz=True,
        rank=("minz", "pk"),
        basemap=True,
        drawn_order=5,
    )
)

layer_register(
    Layer(
        key="buildings",
        title=_("Buildings"),
        one=_("Building"),
        group=Group.BASE,
        model_label="layers.Building",
        geometry=Geometry.POLYGON,
        style=Style("#2a333d", "#d9d4cb", opacity=1),
        title_path="name",
        subtitle_path="kind",
        fields=(
            Field("name", _("name"), public=True),
            Field("kind", _("kind"), public=True),
            Field("height_m", _("height"), "metres", public=True),
            Field("levels", _("levels"), "number", public=True),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("height_m",),
        min_zoom=9,
        has_minz=True,
        rank=("minz", "pk"),
        basemap=True,
        drawn_order=3,
    )
)

layer_register(
    Layer(
        key="landcover",
        title=_("Water and greenery"),
        one=_("Ground"),
        group=Group.BASE,
        model_label="layers.LandCover",
        geometry=Geometry.POLYGON,
        style=Style("#1d3b4a", "#b9d9e8", opacity=1),
        title_path="name",
        fields=(
            Field("name", _("name"), public=True),
            Field("kind", _("kind"), "choice", public=True),
        ),
        tile_fields=("name", "kind"),
        has_minz=True,
        rank=("minz", "pk"),
        basemap=True,
        drawn_order=1,
    )
)

layer_register(
    Layer(
        key="places",
        title=_("Places"),
        one=_("Place"),
        group=Group.BASE,
        model_label="layers.Place",
        geometry=Geometry.POINT,
        style=Style("#b8c4cf", "#475462"),
        title_path="name",
        subtitle_path="address",
        fields=(
            Field("name", _("name"), public=True),
            Field("kind", _("kind"), public=True),
            Field("address", _("address"), public=True),
            Field("origin", _("origin"), "choice", public=True),
        ),
        tile_fields=("name", "kind"),
        has_minz=True,
        rank=("minz", "pk"),
        basemap=True,
        drawn_order=6,
    )
)
