"""The search box: places and streets together with the features a visitor may see."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.gis.db.models.functions import Centroid
from django.db.models import Q
from django.utils.translation import gettext as _

from layers.access.policies import layer_access
from layers.catalog.layer import Layer
from layers.catalog.selectors import layer_rows, layers_for
from layers.network.geocoding import Found, name_fit, search_places

#: Layers whose rows `search_places` already answers.
_PLACES = {"roads", "places", "areas"}
_CANDIDATES = 40


def search(
    text: str, *, user: Any, near: tuple[float, float] | None = None, limit: int = 10
) -> dict[str, Any]:
    """`{results: [{label, kind, kind_title, lon, lat, layer, id, context, zoom}], hint}`, best first.

    Rows and columns are those the visitor may see; a hidden column is not searched either.
    """
    found = search_places(text, near=near, limit=limit)
    wanted = " ".join(text.split())[:120]
    if len(wanted) >= 2 and not any(one.kind in ("coordinates", "intersection") for one in found):
        for layer in layers_for(user):
            if layer.search_fields and layer.key not in _PLACES:
                found += _features(layer, wanted, user=user)
        found.sort(key=lambda one: (one.fit, one.kind == "feature" and one.layer == "incidents"))
    titles = {layer.key: str(layer.title) for layer in layers_for(user)}
    return {
        "results": [_answer(one, titles) for one in found[:limit]],
        "hint": _("Read as latitude, longitude. The second result is the other order.")
        if any(one.hint == "swapped" for one in found)
        else "",
    }


def _features(layer: Layer, text: str, *, user: Any) -> list[Found]:
    full = layer_access(user, layer.model) == "full"
    open_paths = {column.path for column in layer.fields_for(full=full)}
    paths = [path for path in layer.search_fields if path in open_paths]
    if not paths:
        return []
    rows = (
        layer_rows(user, layer)
        .filter(reduce(or_, (Q(**{f"{path}__icontains": text}) for path in paths)))
        .annotate(middle=Centroid(layer.geom))
        .values_list("pk", "middle", *paths)[:_CANDIDATES]
    )
    return [
        Found(
            label=str(values[0]),
            kind="feature",
            lon=middle.x,
            lat=middle.y,
            fit=min(name_fit(str(value), text) for value in values if value),
            layer=layer.key,
            feature_id=pk,
        )
        for pk, middle, *values in rows
    ]


def _answer(one: Found, titles: dict[str, str]) -> dict[str, Any]:
    kinds = {
        "coordinates": _("coordinates"),
        "intersection": _("intersection"),
        "address": _("address"),
        "street": _("street"),
        "place": _("place"),
        "area": _("area"),
    }
    zooms = {"area": 14, "street": 16, "place": 17}
    return {
        "label": one.label,
        "kind": one.kind,
        "kind_title": titles.get(one.layer, "") if one.kind == "feature" else kinds[one.kind],
        "lon": round(one.lon, 7),
        "lat": round(one.lat, 7),
        "layer": one.layer,
        "id": one.feature_id,
        "context": _("order swapped?") if one.hint == "swapped" else one.context,
        "zoom": zooms.get(one.kind, 18),
    }
