"""How many queries the questions of a dispatcher cost, and that nothing is older than the question."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.gis.geos import LineString
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from layers.dispatch.fleet import fleet
from layers.dispatch.models import RunCard
from layers.dispatch.recommendation import units_nearest
from layers.dispatch.rules import AgencyRule
from layers.incidents.models import IncidentType
from layers.network.models import RoadClosure
from tests.dispatch.streets import LAT, LON
from tests.factories import make_agency, make_unit, make_user

pytestmark = pytest.mark.django_db
ASK = {"lon": LON + 0.001, "lat": LAT}


@pytest.fixture
def dispatcher(cross: None) -> Client:
    """A dispatcher who has asked before, on a graph that is built."""
    agency = make_agency("damkar")
    for number in range(20):
        make_unit(f"D-{number}", lon=LON, lat=LAT - 0.0001 * (number + 1), agency=agency)
    client = Client()
    client.force_login(make_user("d", ("dispatcher", agency)))
    units_nearest(LON, LAT, build=True)
    assert client.get("/api/v1/units/nearest", ASK).json()["by_road"]
    return client


def test_nearest_units_cost_three_queries_whatever_is_in_force(dispatcher: Client) -> None:
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            answer = dispatcher.get("/api/v1/units/nearest", ASK).json()
        assert len(answer["units"]) == 10
        # Who asks; where everybody is; what is closed and which graph holds.
        assert len(seen) == 3, [query["sql"][:80] for query in seen]
        now = timezone.now()
        RoadClosure.objects.create(
            reason="banjir", starts_at=now - timedelta(minutes=1),
            geom=LineString((LON, LAT - 0.00185), (LON, LAT - 0.0018), srid=4326),
        )  # fmt: skip
        dispatcher.get("/api/v1/units/nearest", ASK)


def test_a_recommendation_costs_five_queries_and_what_it_leaves_covered_one_more(
    dispatcher: Client,
) -> None:
    kind = IncidentType.objects.create(code="api-uji", name="Api uji", group="fire")
    RunCard.objects.create(incident_type=kind, alarm_level=1, kind="fire", count=3)
    RunCard.objects.create(incident_type=kind, alarm_level=2, kind="fire", count=5)
    ask = {**ASK, "type": kind.code}
    for alternatives, count in ((False, 5), (True, 6)):
        ask["alternatives"] = alternatives
        dispatcher.get("/api/v1/recommendation", ask)
        with CaptureQueriesContext(connection) as seen:
            answer = dispatcher.get("/api/v1/recommendation", ask).json()
        assert [len(line["units"]) for line in answer["lines"]] == [3]
        assert (answer["cover"] is not None) is alternatives
        # Who asks; the type; its cards; the units; closures and graph. The areas' version.
        assert len(seen) == count, [query["sql"][:80] for query in seen]


def test_a_rule_of_an_agency_holds_from_the_next_question_on(dispatcher: Client) -> None:
    agency = make_agency("damkar")

    def driving() -> dict[str, object]:
        return dispatcher.get("/api/v1/units/nearest", ASK).json()["driving"][0]

    assert driving()["own_rule"] is False
    rule = AgencyRule.objects.create(agency=agency, speed_factor=2.0)
    assert driving()["speed_factor"] == 2.0
    AgencyRule.objects.update(speed_factor=1.5)
    assert driving()["speed_factor"] == 1.5
    assert fleet().rules is fleet().rules
    rule.delete()
    assert driving()["own_rule"] is False


def test_a_closure_is_in_force_on_the_next_question_and_open_again_after_it(
    dispatcher: Client,
) -> None:
    def told() -> list[tuple[str, float]]:
        answer = dispatcher.get("/api/v1/units/nearest", ASK).json()
        return [(row["callsign"], row["eta_s"]) for row in answer["units"]]

    before = told()
    closure = RoadClosure.objects.create(
        reason="banjir", starts_at=timezone.now(),
        geom=LineString((LON, LAT - 0.00058), (LON, LAT - 0.00052), srid=4326),
    )  # fmt: skip
    assert [callsign for callsign, _eta in told()] == [f"D-{number}" for number in range(5)]
    RoadClosure.objects.filter(pk=closure.pk).update(lifted_at=timezone.now())
    assert told() == before
