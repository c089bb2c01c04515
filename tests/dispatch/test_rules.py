"""Rules of an agency: its costing changes who is soonest, is checked, and is shown."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from layers.audit.models import Change
from layers.dispatch.reach import isochrone_features
from layers.dispatch.recommendation import units_nearest
from layers.dispatch.rules import AgencyRule
from layers.errors import InvalidInput, NotFound
from tests.dispatch.streets import LAT, LON
from tests.factories import make_agency, make_unit, make_user

pytestmark = pytest.mark.django_db


def order() -> list[str]:
    return [row["callsign"] for row in units_nearest(LON + 0.001, LAT, build=True)["units"]]


def test_against_the_one_way_where_the_agency_allows_it_and_not_where_it_does_not(
    cross: None,
) -> None:
    fire, police = make_agency("damkar"), make_agency("polresta")
    make_unit("AGAINST", lon=LON + 0.00145, lat=LAT, agency=fire)  # 50 m away, the wrong way
    make_unit("WITH", lon=LON, lat=LAT - 0.001, agency=fire)
    assert order() == ["WITH", "AGAINST"]
    rule = AgencyRule.objects.create(agency=fire, against_oneway=True, against_oneway_kph=15)
    answer = units_nearest(LON + 0.001, LAT, build=True)
    assert [row["callsign"] for row in answer["units"]] == ["AGAINST", "WITH"]
    # 49.6 m at 15 km/h, by the geodesic length of that stretch.
    assert answer["units"][0]["eta_s"] == pytest.approx(49.61 * 3.6 / 15, rel=0.01)
    (shown,) = answer["driving"]
    assert (shown["agency"], shown["against_oneway"], shown["own_rule"]) == ("damkar", True, True)
    rule.kind = "police"
    rule.save()
    assert order() == ["WITH", "AGAINST"]
    rule.agency = police
    rule.kind = ""
    rule.save()
    assert order() == ["WITH", "AGAINST"]


def test_speeds_of_one_kind_hold_for_that_kind_alone(cross: None) -> None:
    agency = make_agency("gabungan")
    make_unit("FIRE", lat=LAT - 0.001, agency=agency)
    make_unit("MEDIC", lat=LAT - 0.001, agency=agency, kind="ambulance")
    AgencyRule.objects.create(agency=agency, kind="fire", class_kph={"residential": 10})
    AgencyRule.objects.create(agency=agency, speed_factor=2.0)
    eta = {r["callsign"]: r["eta_s"] for r in units_nearest(LON, LAT, build=True)["units"]}
    length_m = 110.6  # a thousandth of a degree of latitude here
    assert eta["FIRE"] == pytest.approx(length_m * 3.6 / (10 * 0.9), rel=0.01)
    assert eta["MEDIC"] == pytest.approx(length_m * 3.6 / (30 * 2), rel=0.01)


def test_the_isochrone_drives_by_the_rule_too(cross: None) -> None:
    agency = make_agency("damkar")

    def street_m(**more: str) -> float:
        found = isochrone_features(LON + 0.004, LAT, minutes=[1.0], build=True, **more)
        return found["features"][0]["properties"]["street_m"]

    legal = street_m(agency="damkar", kind="fire")
    AgencyRule.objects.create(agency=agency, against_oneway=True, against_oneway_kph=20)
    assert street_m(agency="damkar", kind="fire") > legal + 100
    assert street_m(kind="fire") == legal
    with pytest.raises(NotFound):
        street_m(agency="tidak-ada")
    with pytest.raises(InvalidInput, match="kind"):
        street_m(kind="taxi")


@pytest.mark.parametrize(
    "fields",
    [
        {"class_kph": {"rail": 30}}, {"class_kph": {"residential": 0}}, {"class_kph": [1, 2]},
        {"class_kph": {"residential": "fast"}}, {"speed_factor": 0}, {"u_turn_s": -1},
        {"speed_factor": 9}, {"against_oneway_kph": 200},
    ],
)  # fmt: skip
def test_nonsense_is_refused_before_it_is_saved(fields: dict) -> None:
    rule = AgencyRule(agency=make_agency("damkar"), **fields)
    with pytest.raises(ValidationError):
        rule.full_clean()


def test_the_database_refuses_it_as_well() -> None:
    agency = make_agency("damkar")
    AgencyRule.objects.create(agency=agency)
    for fields in ({}, {"kind": "fire", "speed_factor": -1}, {"kind": "fire", "u_turn_s": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AgencyRule.objects.create(agency=agency, **fields)


def test_it_is_edited_in_the_administration_and_recorded(client: Client) -> None:
    agency = make_agency("damkar")
    client.force_login(make_user("root", ("platform_admin", None)))
    address = "/admin/layers/agencyrule/add/"
    form = {
        "agency": agency.pk, "kind": "fire", "sending": "first", "aid_order": 10, "min_crew": 3,
        "against_oneway": "true", "against_oneway_kph": 15, "class_kph": '{"residential": 0}',
    }  # fmt: skip
    assert b"speed above 0" in client.post(address, form).content
    assert client.post(address, {**form, "class_kph": "{}"}).status_code == 302
    rule = AgencyRule.objects.get()
    assert (rule.against_oneway, rule.min_crew, rule.u_turn_s) == (True, 3, None)
    change = Change.objects.filter(table_name="layers_agencyrule").latest("id")
    assert change.row_id == str(rule.pk)
    client.force_login(make_user("d", ("dispatcher", agency)))
    assert client.get(address).status_code == 403
