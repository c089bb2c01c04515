"""Layers of what agencies own: cameras, wifi hotspots, stations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style, Variant
from layers.catalog.registry import layer_register

_CAMERA = Style("#4cc9f0", "#0b6e99", Shape.CIRCLE, "camera")
_CAMERA_FAILED = Style("#ff7a70", "#b3261e", Shape.DIAMOND, "cross_out")
_CAMERA_UPKEEP = Style("#f5b841", "#8a5a00", Shape.TRIANGLE, "wrench")
_CAMERA_PLANNED = Style("#9db2c4", "#50606e", Shape.HEXAGON, "plus")
_CAMERA_RETIRED = Style("#7d8894", "#66707a", Shape.SQUARE, "minus")

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

#: Kinds of stations; units of a kind have its colour and glyph.
STATION_KINDS = (
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
        variants=STATION_KINDS,
        agency_path="agency",
        shown=True,
        drawn_order=80,
    )
)
