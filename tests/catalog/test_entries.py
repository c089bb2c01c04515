"""Every entry of the catalogue is whole, distinct, and keeps secrets to itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist

from layers.catalog.layer import Geometry, Layer
from layers.catalog.registry import all_layers, get_layer, layer_register
from layers.errors import NotFound

#: FIELD.md: never public, and never on a map at all.
SECRETS = ("stream_url", "caller", "password", "note", "token", "phone_private")


def resolve(layer: Layer, path: str) -> Any:
    model = layer.model
    *steps, last = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model
    return model._meta.get_field(last)


@pytest.mark.parametrize("layer", all_layers(), ids=lambda layer: layer.key)
def test_every_path_leads_to_a_column(layer: Layer) -> None:
    paths = {column.path for column in layer.fields} | {
        layer.geom,
        *layer.search_fields,
        *layer.parameters.values(),
    }
    paths |= {layer.title_path, layer.subtitle_path, layer.agency_path, layer.siblings_by} - {""}
    for path in paths:
        try:
            resolve(layer, path)
        except FieldDoesNotExist as error:
            raise AssertionError(f"{layer.key}: {path}") from error
    if layer.has_minz:
        resolve(layer, "minz")


def test_secrets_are_in_no_entry() -> None:
    for layer in all_layers():
        for column in layer.fields:
            assert not any(secret in column.path for secret in SECRETS), (layer.key, column.path)


def test_live_positions_and_incidents_have_no_public_column() -> None:
    for key in (
        "units",
        "incidents",
        "active_incidents",
        "sights",
        "coverage",
        "gaps",
        "plans",
        "reach_sights",
        "reach_streets",
    ):
        assert get_layer(key).fields_for(full=False) == ()


def test_point_symbols_differ_in_colour_and_in_shape_or_glyph() -> None:
    def looks(layer: Layer) -> list[tuple[str, Any]]:
        styles = [variant.style for variant in layer.variants] or [layer.style]
        return [(layer.key, style) for style in styles]

    for layer in all_layers():
        if layer.geometry is not Geometry.POINT:
            continue
        for (_a, one), (_b, other) in itertools.combinations(looks(layer), 2):
            assert one.dark != other.dark
            assert one.light != other.light
            assert (one.shape, one.glyph) != (other.shape, other.glyph)
    assets = [look for key in ("cctv", "wifi", "stations") for look in looks(get_layer(key))]
    for (a, one), (b, other) in itertools.combinations(assets, 2):
        assert a == b or (one.dark, one.shape) != (other.dark, other.shape)


def test_statuses_are_told_apart_by_shape_alone() -> None:
    shapes = [variant.style.shape for variant in get_layer("cctv").variants]
    assert len(set(shapes)) == len(shapes)


def test_a_key_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        layer_register(get_layer("cctv"))


def test_an_unknown_key_is_not_found() -> None:
    with pytest.raises(NotFound, match="no layer"):
        get_layer("nothing")


def test_the_layers_of_the_contract_are_there() -> None:
    contract = {"cctv", "wifi", "stations", "units", "incidents", "areas", "roads", "buildings"}
    assert contract <= {layer.key for layer in all_layers()}
