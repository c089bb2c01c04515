"""The search box: what is found, in which order, for whom."""

from __future__ import annotations

import pytest

from layers.catalog.search import search
from tests import city

pytestmark = pytest.mark.django_db


@pytest.fixture
def streets() -> None:
    city.area("35.73.02.1001", "Oro-oro Dowo")
    city.street("Jalan Besar Ijen", (-8, 0), (8, 0))
    city.street("Jalan Semeru", (2, -5), (2, 5))
    city.street("Jalan Semeru Selatan", (4, 0.1), (4, -5))
    city.street("Jalan Kawi", (-8, 4), (-6, 4))


@pytest.mark.usefixtures("streets")
@pytest.mark.parametrize(
    "text", ["Ijen x Semeru", "ijen × semeru", "Jl. Semeru & Jl. Ijen", "simpang ijen dan semeru"]
)
def test_an_intersection_is_where_two_streets_meet(text: str) -> None:
    first = search(text, user=None)["results"][0]
    assert first["kind"] == "intersection"
    assert (first["lon"], first["lat"]) == pytest.approx((city.LON + 0.002, city.LAT), abs=1e-6)
    assert first["context"] == "Oro-oro Dowo"


@pytest.mark.usefixtures("streets")
def test_streets_that_do_not_meet_have_no_intersection() -> None:
    assert all(
        one["kind"] != "intersection" for one in search("Kawi x Semeru", user=None)["results"]
    )


@pytest.mark.usefixtures("streets")
def test_an_exact_name_comes_before_a_longer_one() -> None:
    labels = [one["label"] for one in search("semeru", user=None)["results"]]
    assert labels == ["Jalan Semeru", "Jalan Semeru Selatan"]


def test_the_nearer_of_equals_comes_first() -> None:
    city.place("Pasar Baru", dx=9)
    near = city.place("Pasar Baru", dx=1)
    first = search("pasar baru", user=None, near=(city.LON, city.LAT))["results"][0]
    assert first["id"] == near.pk


def test_an_address_is_found_by_street_and_number() -> None:
    from django.contrib.gis.geos import Point

    from layers.places.models import Address

    Address.objects.create(
        street="Jalan Ijen", housenumber="25", geom=Point(city.LON, city.LAT, srid=4326)
    )
    Address.objects.create(
        street="Jalan Ijen", housenumber="25A", geom=Point(city.LON, city.LAT, srid=4326)
    )
    for text in ("Ijen 25", "Jl. Ijen No. 25"):
        first = search(text, user=None)["results"][0]
        assert (first["kind"], first["label"]) == ("address", "Jalan Ijen 25")


def test_coordinates_keep_their_order_and_offer_the_other() -> None:
    answer = search("-7.98, 112.63", user=None)
    assert [(one["lon"], one["lat"]) for one in answer["results"]] == [(112.63, -7.98)]
    assert answer["hint"] == ""
    both = search("41.15 -8.61", user=None)
    assert [(one["lon"], one["lat"]) for one in both["results"]] == [(-8.61, 41.15), (41.15, -8.61)]
    assert both["hint"]


def test_hidden_rows_are_not_found() -> None:
    city.camera("alun", name="Alun-alun Merdeka", owner=city.agency(), is_public=False)
    operator = city.person("op", "agency_operator")
    assert search("alun-alun", user=None)["results"] == []
    assert [one["layer"] for one in search("alun-alun", user=operator)["results"]] == ["cctv"]


def test_wildcards_are_letters() -> None:
    city.place("Rumah Sakit")
    assert search("%%", user=None)["results"] == []
    assert search("R_mah", user=None)["results"] == []


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "'", "'; DROP TABLE layers_road; --", "\\", "x x", "\x00\x00", "１２３ ４５６"],
)
def test_odd_input_is_answered(text: str) -> None:
    assert search(text.replace("\x00", ""), user=None)["results"] == []
