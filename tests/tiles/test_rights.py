"""What reaches whom through tiles: rows and columns."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
from django.test import Client

from layers.tiles.grid import tile_of
from tests import city

pytestmark = pytest.mark.django_db


def cut(
    client: Client, layer: str, zoom: int = 15, query: str = ""
) -> tuple[int, dict[int, dict[str, Any]]]:
    where = tile_of(city.LON, city.LAT, zoom)
    answer = client.get(f"/tiles/{layer}/{zoom}/{where.x}/{where.y}.mvt{query}")
    if answer.status_code != 200:
        return answer.status_code, {}
    features = mapbox_vector_tile.decode(answer.content).get(layer, {}).get("features", [])
    return 200, {feature["id"]: feature["properties"] for feature in features}


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_visitor_gets_public_rows_and_columns_only(client: Client) -> None:
    shown = city.camera("A", owner=city.agency())
    city.camera("B", owner=city.agency(), is_public=False)
    status, found = cut(client, "cctv")
    assert status == 200
    assert set(found) == {shown.pk}
    assert set(found[shown.pk]) == {"name", "status", "kind", "site_id"}


def test_a_user_without_a_grant_gets_what_the_public_gets(client: Client) -> None:
    city.camera("A", owner=city.agency(), is_public=False)
    assert cut(logged_in(city.person("nobody")), "cctv") == cut(client, "cctv") == (200, {})


def test_staff_get_their_governments_rows_and_all_their_columns() -> None:
    hidden = city.camera("A", owner=city.agency(), is_public=False)
    city.camera("B", owner=city.agency("kab", city.NEIGHBOUR), is_public=False)
    _status, found = cut(logged_in(city.person("op", "agency_operator")), "cctv")
    assert set(found) == {hidden.pk}
    assert found[hidden.pk]["heading_deg"] == 45


def test_another_governments_public_row_carries_public_columns_only() -> None:
    theirs = city.camera("B", owner=city.agency("kab", city.NEIGHBOUR))
    _status, found = cut(logged_in(city.person("op", "agency_operator")), "cctv")
    assert "heading_deg" not in found[theirs.pk]
    assert found[theirs.pk]["name"] == "Camera B"


def test_two_audiences_never_share_a_cached_tile(client: Client) -> None:
    hidden = city.camera("A", owner=city.agency(), is_public=False)
    staff = logged_in(city.person("op", "agency_operator"))
    assert set(cut(staff, "cctv")[1]) == {hidden.pk}
    assert cut(client, "cctv")[1] == {}
    assert set(cut(staff, "cctv")[1]) == {hidden.pk}


@pytest.mark.parametrize(
    "layer",
    [
        "incidents",
        "active_incidents",
        "units",
        "sights",
        "coverage",
        "gaps",
        "plans",
        "reach_sights",
        "reach_streets",
    ],
)
def test_closed_layers_do_not_exist_for_the_public(client: Client, layer: str) -> None:
    assert cut(client, layer)[0] == 404


def test_an_unknown_layer_and_an_impossible_tile_are_not_found(client: Client) -> None:
    assert client.get("/tiles/nothing/3/1/1.mvt").status_code == 404
    assert client.get("/tiles/cctv/3/9/1.mvt").status_code == 404


def test_a_parameter_must_be_a_whole_number() -> None:
    planner = logged_in(city.person("pat", "planner"))
    assert cut(planner, "coverage", query="?run=1%20OR%201=1")[0] == 422
    assert cut(planner, "coverage", query="?run=12")[0] == 200
