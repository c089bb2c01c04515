"""The government whose city this installation serves: what belongs to no agency is its own."""

from __future__ import annotations

from typing import Any

from layers.places.models import Agency, Area


def home_city() -> Any:
    """The first city on the map that is the government of some agency; nothing where there is none
    (no boundary is loaded, or agencies name no government)."""
    known = Agency.objects.exclude(government="").values("government")
    return Area.objects.filter(level=Area.Level.CITY, code__in=known).order_by("pk")


def home_government() -> str | None:
    """Code of the home government, None where it is not known."""
    return home_city().values_list("code", flat=True).first()
