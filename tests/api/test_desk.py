"""A call to a closed incident through the API, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk_room import (
    LAT,
    LON,
    call_taker,
    dispatcher,
    make_city,
    make_fleet,
    new_incident,
)
from tests.factories import make_station


@pytest.mark.django_db
def test_from_the_call_to_the_closing() -> None:
    make_city()
    make_fleet("DAMKAR-1", "DAMKAR-2")
    taker, desk = call_taker(), dispatcher()
    answer = taker.post(
        "/calls",
        {"channel": "112", "caller_name": "Budi", "caller_number": "0812", "lon": LON, "lat": LAT},
        expect=201,
    )
    call = answer["call"]
    assert call["taken_by"] == "taker"
    assert answer["similar"] == []
    incident = taker.post(
        f"/calls/{call['id']}/incident",
        {"type": "building_fire", "address": "Jalan Ijen 25"},
        expect=201,
    )
    assert incident["state"] == "new"
    assert incident["reported_at"] == call["arrived_at"]
    assert incident["area"] == "35.73"
    assert incident["calls"] == 1
    number, key = incident["number"], incident["id"]
    sent = desk.post(f"/incidents/{key}/dispatch", {"units": ["DAMKAR-1", "DAMKAR-2"]})
    assert [one["callsign"] for one in sent["assigned"]] == ["DAMKAR-1", "DAMKAR-2"]
    board = desk.get("/board")
    row = board["incidents"][0]
    assert (row["number"], row["state"]) == (number, "dispatched")
    assert [unit["status"] for unit in row["units"]] == ["dispatched", "dispatched"]
    assert {unit["callsign"]: unit["incidents"] for unit in board["units"]}["DAMKAR-1"] == [number]
    first, second = (one["assignment"] for one in sent["assigned"])
    for step in ("acknowledged", "en_route", "on_scene"):
        assert desk.post(f"/assignments/{first}/step", {"step": step})["step"] == step
    assert desk.get(f"/incidents/{key}")["state"] == "on_scene"
    desk.post(f"/incidents/{key}/state", {"action": "under_control"})
    refused = desk.post(
        f"/incidents/{key}/state", {"action": "close", "disposition": "handled"}, expect=409
    )
    assert refused["units"] == ["DAMKAR-1", "DAMKAR-2"]
    assert refused["current"]["state"] == "under_control"
    closed = desk.post(
        f"/incidents/{key}/state",
        {"action": "close", "disposition": "handled", "clear_units": True},
    )
    assert closed["state"] == "closed"
    assert closed["units"] == []
    detail = desk.get(f"/incidents/{key}")
    ends = {
        part["assignment"]: (part["cleared_at"], part["cancelled_at"])
        for part in detail["assignments"]
    }
    assert ends[first][0] is not None
    assert ends[first][1] is None
    assert ends[second][0] is None
    assert ends[second][1] is not None
    assert [line["what"] for line in detail["timeline"]][:2] == ["created", "dispatched"]
    assert desk.get("/board")["incidents"] == []
    assert "Budi" not in str(detail) + str(board)


@pytest.mark.django_db
def test_a_patrols_incident_and_its_actions() -> None:
    make_city()
    desk = dispatcher()
    row = new_incident(desk, summary="asap", priority=4)
    assert row["priority"] == 4
    key = row["id"]
    assert desk.post(f"/incidents/{key}/state", {"action": "accept"})["state"] == "pending"
    held = desk.post(f"/incidents/{key}/state", {"action": "hold", "reason": "menunggu kabar"})
    assert held["state"] == "on_hold"
    refused = desk.post(f"/incidents/{key}/state", {"action": "under_control"}, expect=409)
    assert refused["actions"] == ["resume", "cancel", "close", "merge"]
    assert desk.post(f"/incidents/{key}/state", {"action": "resume"})["state"] == "pending"
    desk.post(f"/incidents/{key}/notes", {"text": "tetangga menelepon"}, expect=201)
    assert desk.get(f"/incidents/{key}")["notes"][0]["text"] == "tetangga menelepon"


@pytest.mark.django_db
def test_a_free_unit_stands_in_at_a_post_until_its_next_status() -> None:
    make_city()
    make_fleet("DAMKAR-1")
    make_station("POS-T", name="Pos Timur")
    desk = dispatcher()

    def unit() -> dict[str, Any]:
        return dict(desk.get("/board")["units"][0])

    order = {"status": "patrol", "post": "POS-T"}
    address = f"/units/{unit()['id']}/status"
    assert (
        desk.post(address, {"status": "patrol", "post": "NOWHERE"}, expect=422)["where"] == "post"
    )
    out = {"status": "out_of_service", "reason": "ban", "post": "POS-T"}
    assert desk.post(address, out, expect=422)["where"] == "status"
    assert unit()["post"] is None
    row = desk.post(address, order)
    assert (row["status_class"], row["post"], row["reason"]) == (
        "available",
        "POS-T",
        "→ POS-T Pos Timur",
    )
    # Sent to an incident it stands in no longer, and is not put back when it comes home.
    incident = new_incident(desk)
    desk.post(f"/incidents/{incident['id']}/dispatch", {"units": ["DAMKAR-1"]})
    assert (unit()["status"], unit()["post"]) == ("dispatched", None)
    desk.post(f"/incidents/{incident['id']}/state", {"action": "close", "disposition": "handled", "clear_units": True})  # fmt: skip
    assert unit()["post"] is None
    # The same status again, without a post, ends it too.
    desk.post(address, order)
    assert desk.post(address, {"status": "patrol"})["post"] is None
