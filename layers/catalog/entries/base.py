"""Layers under everything: areas, roads, buildings, ground, places."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from layers.catalog.layer import Field, Geometry, Group, Layer, Style
from layers.catalog.registry import layer_register


def _levels_at(rows: QuerySet[Any], zoom: int) -> QuerySet[Any]:
    if zoom < 9:
        return rows.filter(level__in=["provinsi", "kota"])
    if zoom < 12:
        return rows.filter(level__in=["provinsi", "kota", "kecamatan"])
    return rows


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
