"""Rows and columns of a layer as one visitor may see them, for tiles, panels and live layers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import Case, F, JSONField, Q, QuerySet, When
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from layers.access.policies import layer_access, own_rows, restrict, rights_of
from layers.catalog.layer import Field, Layer
from layers.catalog.registry import all_layers, get_layer
from layers.errors import InvalidInput, NotFound

#: Most features a live layer sends at once.
LIVE_LIMIT = 5_000


def layers_for(user: Any) -> tuple[Layer, ...]:
    """Layers of which the visitor may see anything at all."""
    return tuple(layer for layer in all_layers() if layer_access(user, layer.model) != "none")


def layer_for(user: Any, key: str) -> Layer:
    """A layer by key; one that the visitor may not see does not exist for them (`NotFound`)."""
    layer = get_layer(key)
    if layer_access(user, layer.model) == "none":
        raise NotFound(f"there is no layer {key!r}", value=key)
    return layer


def layer_parameters(layer: Layer, given: Mapping[str, str]) -> dict[str, int]:
    """The integer filters of an address that this layer knows; others are ignored.

    Raises `InvalidInput` when a known one is not a whole number.
    """
    found: dict[str, int] = {}
    for name in layer.parameters:
        text = given.get(name, "")
        if text == "":
            continue
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise InvalidInput(f"{name} must be a whole number", value=text, where=layer.key)
        found[name] = int(text)
    return found


def layer_rows(
    user: Any, layer: Layer, *, parameters: Mapping[str, int] | None = None
) -> QuerySet[Any]:
    """Rows of a layer that the visitor may see, in no order.

    An explicit parameter replaces the layer's own choice of rows: `?run=7` shows run 7, not the latest.
    """
    rows = restrict(user, layer.model._default_manager.all()).order_by()
    if parameters:
        rows = rows.filter(**{layer.parameters[name]: value for name, value in parameters.items()})
    elif layer.rows is not None:
        rows = layer.rows(rows)
    return rows


def _own(user: Any, layer: Layer) -> Q | None:
    """Rows whose staff columns the visitor gets; None means every visible row."""
    rights = rights_of(user)
    if rights.everywhere or not layer.agency_path:
        return None
    return own_rows(rights, layer.agency_path)


def _object(columns: Iterable[Field]) -> JSONObject:
    return JSONObject(**{column.key: F(column.path) for column in columns})


def tile_properties(user: Any, layer: Layer) -> Any:
    """Expression of the JSON object that a drawn feature carries, public columns for public rows."""
    drawn = [column for column in layer.fields if column.path in layer.tile_fields]
    public = _object(column for column in drawn if column.public)
    if layer_access(user, layer.model) != "full":
        return public
    own = _own(user, layer)
    if own is None:
        return _object(drawn)
    return Case(When(own, then=_object(drawn)), default=public, output_field=JSONField())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _choice(layer: Layer, path: str, value: Any) -> str:
    """The label of a choice, found by walking the ORM path to its field."""
    model = layer.model
    *steps, last = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    labels = dict(model._meta.get_field(last).flatchoices)  # type: ignore[union-attr]
    return str(labels.get(value, value))


def feature_detail(user: Any, key: str, feature_id: int) -> dict[str, Any]:
    """What the details panel shows of one feature.

    `{layer, layer_title, id, title, subtitle, geometry, fields: [{key, title, kind, value,
    display}], siblings: [{id, title}]}`. Raises `NotFound` for what the visitor may not see.
    """
    layer = layer_for(user, key)
    # The panel opens what was on the map a moment ago: a closed incident, a gap of an older run.
    rows = restrict(user, layer.model._default_manager.all())
    row_full = layer_access(user, layer.model) == "full"
    own = _own(user, layer) if row_full else None
    row = _detail_row(rows, layer, feature_id)
    if row is None:
        raise NotFound(
            _("This object is no longer there, or is not open to you."),
            value=feature_id,
            remedy=_("close it and choose another"),
        )
    if own is not None:
        row_full = rows.filter(own, pk=feature_id).exists()
    fields = []
    for column in layer.fields_for(full=row_full):
        value = row[column.path]
        if value is None or value == "" or value == []:
            continue
        display = _choice(layer, column.path, value) if column.kind == "choice" else ""
        fields.append(
            {"key": column.key, "title": str(column.title), "kind": column.kind, "value": _plain(value), "display": display}
        )  # fmt: skip
    shown = {column.path for column in layer.fields_for(full=row_full)}
    title = row[layer.title_path] if layer.title_path in shown else ""
    subtitle = row[layer.subtitle_path] if layer.subtitle_path in shown else ""
    return {
        "layer": layer.key,
        "layer_title": str(layer.title),
        "id": row["pk"],
        "title": str(title) if title not in (None, "") else f"{layer.one} {row['pk']}",
        "subtitle": str(subtitle or ""),
        "geometry": json.loads(row["shape"]),
        "fields": fields,
        "siblings": _siblings(rows, layer, row),
    }


def _detail_row(rows: QuerySet[Any], layer: Layer, feature_id: int) -> dict[str, Any] | None:
    paths = {column.path for column in layer.fields} | (
        {layer.title_path, layer.subtitle_path} - {""}
    )
    return (
        rows.filter(pk=feature_id)
        .annotate(shape=AsGeoJSON(layer.geom, precision=7))
        .values("pk", "shape", *sorted(paths))
        .first()
    )


def _siblings(rows: QuerySet[Any], layer: Layer, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Other visible rows that belong with this one, at most 24."""
    if not layer.siblings_by:
        return []
    others = (
        rows.filter(**{layer.siblings_by: row[layer.siblings_by]})
        .exclude(pk=row["pk"])
        .order_by(layer.title_path)
        .values("pk", layer.title_path)[:24]
    )
    return [{"id": other["pk"], "title": other[layer.title_path]} for other in others]


def layer_features(
    user: Any, key: str, *, bbox: tuple[float, float, float, float] | None = None
) -> dict[str, Any]:
    """GeoJSON FeatureCollection of a live layer: at most `LIVE_LIMIT` features, the first in rank.

    `bbox` is west, south, east, north in degrees. `truncated` says that there are more.
    """
    from django.contrib.gis.geos import Polygon

    layer = layer_for(user, key)
    rows = layer_rows(user, layer)
    if bbox is not None:
        rows = rows.filter(**{f"{layer.geom}__bboverlaps": Polygon.from_bbox(bbox)})
    found = list(
        rows.annotate(shape=AsGeoJSON(layer.geom, precision=6), props=tile_properties(user, layer))
        .order_by(*layer.rank)
        .values_list("pk", "shape", "props")[: LIVE_LIMIT + 1]
    )
    return {
        "type": "FeatureCollection",
        "layer": layer.key,
        "truncated": len(found) > LIVE_LIMIT,
        "features": [
            {
                "type": "Feature",
                "id": feature_id,
                "geometry": json.loads(shape),
                "properties": {name: value for name, value in props.items() if value is not None},
            }
            for feature_id, shape, props in found[:LIVE_LIMIT]
        ],
    }
