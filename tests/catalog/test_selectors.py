"""The details panel and live layers: rights by row, values a person can read."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from layers.access.policies import PUBLIC
from layers.catalog.selectors import feature_detail, layer_features
from layers.errors import NotFound
from tests import city

pytestmark = pytest.mark.django_db
assert PUBLIC.audience == "public"


def keys(detail: dict[str, Any]) -> set[str]:
    return {field["key"] for field in detail["fields"]}


def test_the_public_reads_public_fields() -> None:
    shown = city.camera("A", owner=city.agency())
    detail = feature_detail(None, "cctv", shown.pk)
    assert detail["title"] == "Camera A"
    assert detail["geometry"] == {"type": "Point", "coordinates": [city.LON, city.LAT]}
    assert "heading_deg" not in keys(detail)
    assert "secret" not in str(detail)


def test_staff_read_the_rest_of_their_own() -> None:
    operator = city.person("op", "agency_operator")
    ours = city.camera("A", owner=city.agency(), is_public=False)
    theirs = city.camera("B", owner=city.agency("kab", city.NEIGHBOUR))
    hidden = city.camera("C", owner=city.agency("kab", city.NEIGHBOUR), is_public=False)
    assert "heading_deg" in keys(feature_detail(operator, "cctv", ours.pk))
    assert "heading_deg" not in keys(feature_detail(operator, "cctv", theirs.pk))
    with pytest.raises(NotFound):
        feature_detail(operator, "cctv", hidden.pk)


def test_what_is_hidden_and_what_is_absent_look_the_same(client: Client) -> None:
    hidden = city.camera("A", owner=city.agency(), is_public=False)
    answers = [client.get(f"/api/v1/features/cctv/{number}") for number in (hidden.pk, 999_999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["message"] == answers[1].json()["message"]


def test_choices_are_written_in_words() -> None:
    from layers.catalog.selectors import feature_detail as detail_of

    failed = city.camera("A", status="maintenance")
    with override("en"):
        status = next(
            f for f in detail_of(None, "cctv", failed.pk)["fields"] if f["key"] == "status"
        )
    assert status["value"] == "maintenance"
    assert status["display"] == "under maintenance"


def test_cameras_of_one_pole_name_each_other() -> None:
    first = city.camera("A")
    second = city.camera("B", site=first.site)
    assert feature_detail(None, "cctv", first.pk)["siblings"] == [
        {"id": second.pk, "title": "Camera B"}
    ]


def test_a_feature_without_a_name_is_called_by_its_kind() -> None:
    building = city.building_at(0, 0)
    with override("en"):
        assert feature_detail(None, "buildings", building.pk)["title"] == f"Building {building.pk}"


def test_a_closed_incident_still_opens_from_the_live_layer() -> None:
    from layers.incidents.models import Incident

    city.incidents(1)
    incident = Incident.objects.get()
    dispatcher = city.person("di", "dispatcher")
    assert layer_features(dispatcher, "active_incidents")["features"] == []
    assert feature_detail(dispatcher, "active_incidents", incident.pk)["title"] == "I-0"


def test_a_box_limits_a_live_layer() -> None:
    near = city.station("near", dx=1, dy=1)
    city.station("far", dx=500, dy=0)
    box = (city.LON - 0.01, city.LAT - 0.01, city.LON + 0.01, city.LAT + 0.01)
    answer = layer_features(None, "stations", bbox=box)
    assert [feature["id"] for feature in answer["features"]] == [near.pk]
    assert answer["truncated"] is False
