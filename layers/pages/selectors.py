"""What the frame of every page says about the data on it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from layers.importers.models import ImportRun
from layers.places.models import Agency, Area, Origin


def page_notes() -> dict[str, Any]:
    """`city_name`, `is_demo` and the attribution lines of the sources that are loaded."""
    city = (
        Area.objects.filter(level=Area.Level.CITY)
        .order_by("pk")
        .values_list("name", flat=True)
        .first()
    )
    demo = (
        Agency.objects.filter(attributes__demo=True).exists()
        or Area.objects.filter(origin=Origin.DEMO).exists()
    )
    attribution = []
    if not demo and ImportRun.objects.filter(layer="osm").exists():
        attribution.append(_("© OpenStreetMap contributors"))
    return {"city_name": city or "", "is_demo": demo, "attribution": attribution}
