"""Run cards: filled as enumeration would, every unit with its reason, shortfall and helper named."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from django.utils import timezone, translation

from layers.dispatch.filling import Line, fill
from layers.dispatch.fleet import REASONS, FleetUnit
from layers.dispatch.models import Assignment, RunCard, Unit, UnitStatus
from layers.dispatch.rules import AgencyRule
from layers.dispatch.run_cards import recommendation_for
from layers.errors import InvalidInput, NotFound
from layers.incidents.models import Incident, IncidentType
from layers.places.models import Agency
from tests.dispatch.streets import LAT, LON
from tests.factories import make_agency, make_unit, make_user


def unit(number: int, kind: str = "fire", skills: tuple[str, ...] = ()) -> FleetUnit:
    return FleetUnit(
        number, f"U{number}", kind, list(skills), None, None, None, None, None, "available", "available",
        None, 0.0, 0.0, None, False,
    )  # fmt: skip


def by_enumeration(
    lines: list[Line], units: list[FleetUnit], cost: dict[int, float]
) -> tuple[int, float]:
    """Most slots filled and the least sum over every way of putting units into slots."""
    slots = [line for line in lines for _ in range(line.count)]
    seats = [*units, *[None] * len(slots)]
    best = (0, 0.0)
    for order in set(permutations(range(len(seats)), len(slots))):
        pairs = [
            (line, seats[i])
            for line, i in zip(slots, order, strict=True)
            if seats[i] is not None
        ]  # fmt: skip
        if all(line.fits(u) for line, u in pairs):
            best = min(best, (-len(pairs), sum(cost[u.id] for _, u in pairs)))
    return -best[0], best[1]


def test_cards_are_filled_as_enumeration_fills_them() -> None:
    rng = np.random.default_rng(44)
    for _ in range(60):
        units = [
            unit(
                i,
                str(rng.choice(["fire", "police"])),
                tuple(s for s in ("pump", "ladder") if rng.random() < 0.5),
            )
            for i in range(4)
        ]
        cost = {u.id: float(rng.integers(10, 500)) for u in units}
        lines = [
            Line(str(rng.choice(["fire", "police"])), str(rng.choice(["", "Pump", "ladder"])), 1)
            for _ in range(int(rng.integers(1, 4)))
        ]
        chosen = fill(lines, units, cost)
        used = [u.id for group in chosen for u in group]
        assert len(used) == len(set(used))
        assert all(line.fits(u) for line, g in zip(lines, chosen, strict=True) for u in g)
        truth = by_enumeration(lines, units, cost)
        assert (len(used), pytest.approx(sum(cost[i] for i in used))) == truth


@pytest.fixture
def card(cross: None) -> IncidentType:
    """A fire that calls for two pumps and a ladder; a second alarm calls for three pumps."""
    kind = IncidentType.objects.create(code="api", name="Kebakaran", group="fire")
    for level, capability, count in ((1, "pump", 2), (1, "ladder", 1), (2, "pump", 3)):
        RunCard.objects.create(
            incident_type=kind, alarm_level=level, kind="fire", capability=capability, count=count
        )
    return kind


def ask(**more: Any) -> dict[str, Any]:
    more = {"type_code": "api", "lon": LON, "lat": LAT, "build": True, **more}
    return recommendation_for(**more)


@pytest.mark.django_db
def test_lines_take_the_soonest_and_everybody_else_has_a_reason(card: IncidentType) -> None:
    make_unit("P1", lat=LAT - 0.0005, capabilities=["pump"])
    make_unit("P2", lat=LAT - 0.0010, capabilities=["pump", "ladder"])
    make_unit("P3", lat=LAT - 0.0015, capabilities=["pump"])
    make_unit("P4", lat=LAT - 0.0020, capabilities=["pump"])
    make_unit("PLAIN", lat=LAT)
    make_unit("POLICE", kind="police")
    make_unit("BUSY", status="en_route", capabilities=["pump"])
    make_unit("OUT", status="out_of_service", capabilities=["pump"])
    make_unit("SEA", lon=LON + 3, capabilities=["pump"])
    answer = ask()
    pumps, ladder = answer["lines"]
    # The ladder is on P2 alone: it goes to the ladder's line, and the pumps are P1 and P3.
    assert [u["callsign"] for u in pumps["units"]] == ["P1", "P3"]
    assert [u["why"] for u in pumps["units"]] == ["soonest", "next"]
    assert [u["callsign"] for u in ladder["units"]] == ["P2"]
    assert pumps["units"][0]["eta_s"] < pumps["units"][1]["eta_s"]
    assert (pumps["shortfall"], ladder["shortfall"]) == (0, 0)
    reasons = {row["callsign"]: row["reason"] for row in answer["excluded"]}
    assert reasons == {
        "P4": "farther", "PLAIN": "missing_capability", "POLICE": "wrong_kind",
        "BUSY": "committed", "OUT": "out_of_service", "SEA": "no_road",
    }  # fmt: skip
    assert set(reasons.values()) <= set(REASONS)
    assert answer["by_road"] is True


@pytest.mark.django_db
def test_the_alarm_level_and_units_already_there_count(card: IncidentType) -> None:
    for i in range(4):
        make_unit(f"P{i}", lat=LAT - 0.0005 * (i + 1), capabilities=["pump"])
    incident = Incident.objects.create(
        number="N-1", type=card, initial_type=card, reported_at=timezone.now(),
        geom=Point(LON, LAT, srid=4326),
    )  # fmt: skip
    first = Unit.objects.get(callsign="P0")
    Assignment.objects.create(unit=first, incident=incident, dispatched_at=timezone.now())
    first.status = UnitStatus.objects.get(code="dispatched")
    first.save()
    second = ask(incident_id=incident.pk, alarm_level=2)
    assert second["card_level"] == 2
    (pumps,) = second["lines"]
    assert pumps["count"] == 3
    assert pumps["assigned"] == ["P0"]
    assert [u["callsign"] for u in pumps["units"]] == ["P1", "P2"]
    assert second["assigned"] == ["P0"]
    assert "P0" not in {row["callsign"] for row in second["excluded"]}
    third = ask(incident_id=incident.pk, alarm_level=3)
    assert third["card_level"] == 2
    assert "no card for alarm 3" in third["warning"]


@pytest.mark.django_db
def test_a_shortfall_names_the_next_agency_and_mutual_aid_fills_last(card: IncidentType) -> None:
    own, near = make_agency("damkar"), make_agency("tetangga", phone="555")
    far = make_agency("jauh", government="")
    AgencyRule.objects.create(agency=near, sending="aid", aid_order=2)
    AgencyRule.objects.create(agency=far, kind="fire", sending="aid", aid_order=1)
    AgencyRule.objects.create(agency=make_agency("tak-pernah"), sending="never", aid_order=0)
    make_unit("OWN", lat=LAT - 0.0025, capabilities=["pump"], agency=own)
    make_unit("AID", lat=LAT - 0.0002, capabilities=["pump"], agency=near)
    make_unit("NEVER", lat=LAT, capabilities=["pump"], agency=make_agency("tak-pernah"))
    answer = ask()
    pumps, ladder = answer["lines"]
    # The helper stands nearer and is still sent after the agency's own.
    assert [(u["callsign"], u["why"]) for u in pumps["units"]] == [
        ("OWN", "soonest"), ("AID", "mutual_aid"),
    ]  # fmt: skip
    assert ladder["shortfall"] == 1
    assert ladder["next_agency"]["code"] == "jauh"
    assert {row["callsign"]: row["reason"] for row in answer["excluded"]} == {"NEVER": "not_sent"}
    make_unit("OWN-2", lat=LAT - 0.0028, capabilities=["pump"], agency=own)
    later = ask()
    assert [u["callsign"] for u in later["lines"][0]["units"]] == ["OWN", "OWN-2"]
    assert {"callsign": "AID", "reason": "mutual_aid"} in later["excluded"]


@pytest.mark.django_db
def test_the_next_agency_is_never_the_service_that_fell_short(card: IncidentType) -> None:
    own = make_agency("damkar")
    make_unit("OUT", capabilities=["pump", "ladder"], agency=own, status="out_of_service")
    make_agency("dinkes")  # another body of the same city sends no pumps
    for line in ask()["lines"]:
        assert line["shortfall"] == line["count"]
        assert line["next_agency"] is None  # nobody else is known
    make_agency("kab", government="35.07", phone="0341")
    for line in ask()["lines"]:
        assert line["next_agency"] == {"code": "kab", "name": Agency.objects.get(code="kab").name, "phone": "0341"}  # fmt: skip
    # A rule that says the service helps itself changes nothing: its own units come from the start.
    AgencyRule.objects.create(agency=own, kind="fire", sending="first")
    assert {line["next_agency"]["code"] for line in ask()["lines"]} == {"kab"}


@pytest.mark.django_db
def test_a_crew_that_is_known_and_too_small_keeps_a_unit_back(card: IncidentType) -> None:
    own = make_agency("damkar")
    AgencyRule.objects.create(agency=own, min_crew=4)
    for name, crew in (("FEW", 3), ("FULL", 4), ("LIST", ["a", "b"]), ("UNKNOWN", None)):
        more = {} if crew is None else {"attributes": {"crew": crew}}
        make_unit(name, capabilities=["pump"], agency=own, **more)
    answer = ask()
    assert {u["callsign"] for u in answer["lines"][0]["units"]} == {"FULL", "UNKNOWN"}
    reasons = {row["callsign"]: row["reason"] for row in answer["excluded"]}
    assert reasons == {"FEW": "short_crew", "LIST": "short_crew"}


@pytest.mark.django_db
def test_a_renamed_status_changes_nothing_and_a_type_without_card_is_said(
    card: IncidentType,
) -> None:
    make_unit("P1", lat=LAT - 0.001, capabilities=["pump"])
    make_unit("P2", lat=LAT - 0.002, capabilities=["pump"], status="en_route")

    def picture() -> Any:
        answer = ask()
        return [[u["callsign"] for u in line["units"]] for line in answer["lines"]], answer[
            "excluded"
        ]

    before = picture()
    UnitStatus.objects.filter(code="available").update(code="siaga", name="Siaga satu")
    UnitStatus.objects.filter(code="en_route").update(code="jalan", name="Jalan")
    assert picture() == before
    IncidentType.objects.create(code="lain", name="Lain", group="medical")
    with translation.override("id"):
        answer = ask(type_code="lain")
    assert answer["lines"][0]["kind"] == "ambulance"
    assert answer["warning"].startswith("Lain tidak punya kartu pengerahan")


@pytest.mark.django_db
def test_bad_questions_are_refused_and_rights_hold(card: IncidentType, client: Client) -> None:
    make_unit("P1", capabilities=["pump"], agency=make_agency("damkar"))
    with pytest.raises(InvalidInput, match="alarm level"):
        ask(alarm_level=0)
    with pytest.raises(NotFound):
        ask(type_code="nothing")
    with pytest.raises(NotFound):
        ask(incident_id=987654)
    with pytest.raises(InvalidInput):
        recommendation_for(type_code="api")
    other = make_agency("damkar-kab", government="35.07")
    answer = ask(user=make_user("kab", ("dispatcher", other)))
    assert "P1" not in str(answer)
    place = {"type": "api", "lon": LON, "lat": LAT}
    assert client.get("/api/v1/recommendation", place).status_code == 401
    client.force_login(make_user("kota", ("dispatcher", make_agency("ncc"))))
    answer = client.get("/api/v1/recommendation", {**place, "routes": True}).json()
    first = answer["lines"][0]["units"][0]
    assert first["callsign"] == "P1"
    assert first["route"]["type"] == "LineString"
    assert client.get("/api/v1/incidents/987654/recommendation").status_code == 404
