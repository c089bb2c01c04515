"""One entry adds a layer everywhere: tiles, catalogue, map, panel, search."""

from __future__ import annotations

import json
import re

import mapbox_vector_tile
import pytest
from django.test import Client

from layers.catalog.layer import Field, Geometry, Group, Layer, Shape, Style
from layers.catalog.registry import registered
from layers.tiles.grid import tile_of
from tests import city

TOY = Layer(
    key="toy",
    title="Clinics",
    one="Clinic",
    group=Group.ASSETS,
    model_label="layers.Place",
    geometry=Geometry.POINT,
    style=Style("#123456", "#654321", Shape.DROP, "plus"),
    title_path="name",
    versions=("places",),
    fields=(
        Field("name", "name", public=True),
        Field("kind", "kind", public=True),
        Field("rank", "rank", "integer"),
    ),
    tile_fields=("name",),
    search_fields=("name",),
    rows=lambda rows: rows.filter(kind="clinic"),
    shown=True,
)


@pytest.mark.django_db
def test_one_entry_is_enough(client: Client, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.NCC_TILE_CACHE_DIR = tmp_path
    clinic = city.place("Klinik Sehat", kind="clinic")
    city.place("Pasar", kind="market")
    where = tile_of(city.LON, city.LAT, 15)
    with registered(TOY):
        body = client.get(f"/tiles/toy/15/{where.x}/{where.y}.mvt").content
        (feature,) = mapbox_vector_tile.decode(body)["toy"]["features"]
        assert feature["id"] == clinic.pk
        assert feature["properties"] == {"name": "Klinik Sehat"}

        listed = client.get("/api/v1/layers").json()["layers"]
        assert [layer["title"] for layer in listed if layer["key"] == "toy"] == ["Clinics"]

        page = client.get("/").content.decode()
        called = re.search(r'ncc\.addTileLayer\(\w+, (\{"key":"toy".*?\})\);', page)
        assert called
        assert json.loads(called[1])["style"]["shape"] == "drop"

        panel = client.get(f"/api/v1/features/toy/{clinic.pk}").json()
        assert panel["title"] == "Klinik Sehat"
        assert {field["key"] for field in panel["fields"]} >= {"name", "kind"}

        found = client.get("/api/v1/search?q=sehat").json()["results"]
        assert "toy" in {result["layer"] for result in found}
    assert client.get(f"/tiles/toy/15/{where.x}/{where.y}.mvt").status_code == 404
