"""Warnings of others as areas on the map."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style, Variant
from layers.catalog.registry import layer_register


def _in_force(rows: QuerySet[Any]) -> QuerySet[Any]:
    # Running out is written down by a periodic task, which also moves the layer's version.
    return rows.filter(ended_at__isnull=True, status="actual").exclude(message="cancel")


def _look(dark: str, light: str, weight_px: float) -> Style:
    return Style(
        dark, light, Shape.TRIANGLE, "alert", weight_px=weight_px, dash=(6, 4), opacity=0.12
    )


_SEVERITIES = (
    Variant("extreme", _("extreme"), _look("#ff5d73", "#b00026", 3.5)),
    Variant("severe", _("severe"), _look("#ff9a4d", "#a84300", 3.0)),
    Variant("moderate", _("moderate"), _look("#f5d04c", "#7a5f00", 2.5)),
    Variant("minor", _("minor"), _look("#9fd3a8", "#39703f", 2.0)),
    Variant("unknown", _("not known"), _look("#aebccb", "#566473", 1.5)),
)

layer_register(
    Layer(
        key="hazards",
        title=_("Hazard warnings"),
        one=_("Hazard warning"),
        group=Group.OPERATIONS,
        model_label="layers.Hazard",
        geometry=Geometry.POLYGON,
        style=_SEVERITIES[4].style,
        title_path="headline",
        subtitle_path="event",
        fields=(
            Field("headline", _("headline"), public=True),
            Field("headline_en", _("headline in English"), public=True),
            Field("event", _("event"), public=True),
            Field("kind", _("kind"), "choice", public=True),
            Field("severity", _("severity"), "choice", public=True),
            Field("magnitude", _("magnitude"), "number", public=True),
            Field("depth_km", _("depth (km)"), "number", public=True),
            Field("place_text", _("where"), public=True),
            Field("description", _("description"), public=True),
            Field("sent_at", _("issued"), "datetime", public=True),
            Field("starts_at", _("from"), "datetime", public=True),
            Field("expires_at", _("until"), "datetime", public=True),
            Field("sender", _("issued by"), public=True),
            Field("touches_city", _("touches the city"), "flag", public=True),
        ),
        tile_fields=("headline", "severity", "expires_at"),
        varies_by="severity",
        variants=_SEVERITIES,
        rows=_in_force,
        rank=("severity", "pk"),
        shown=True,
        live=False,
        drawn_order=40,
    )
)
