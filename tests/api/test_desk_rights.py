"""Role × operation, the neighbouring government, and a crew that acts as its own unit alone."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from layers.access.models import Role
from layers.audit.models import Look
from layers.dispatch.assigning.services import units_dispatch
from layers.dispatch.assigning.statuses import unit_link
from layers.dispatch.models import Assignment, Unit
from layers.incidents.desk.attachments import ATTACHMENT_MAX_BYTES, kind_of_bytes, name_cleaned
from layers.incidents.models import Call, Incident
from layers.incidents.records import IncidentAttachment
from tests.api.desk_room import (
    LAT,
    LON,
    Desk,
    account,
    dispatcher,
    make_city,
    make_fleet,
    new_incident,
)
from tests.factories import make_agency

pytestmark = pytest.mark.django_db
DISPATCHING = {"dispatcher", "supervisor", "platform_admin"}
TAKING = {*DISPATCHING, "call_taker"}
#: Operation → roles that get past the door (a 404 or 409 behind it is past it).
DOORS: dict[tuple[str, str], set[str]] = {
    ("GET", "/board"): TAKING,
    ("GET", "/board/choices"): TAKING,
    ("GET", "/incidents/{incident}"): TAKING,
    ("GET", "/calls/{call}"): TAKING,
    ("GET", "/calls/{call}/caller"): TAKING,
    ("POST", "/calls"): TAKING,
    ("POST", "/calls/{call}/take"): TAKING,
    ("PATCH", "/calls/{call}"): TAKING,
    ("POST", "/calls/{call}/incident"): TAKING,
    ("POST", "/calls/{call}/link"): TAKING,
    ("POST", "/incidents"): TAKING,
    ("PATCH", "/incidents/{incident}"): TAKING,
    ("POST", "/incidents/{incident}/notes"): TAKING,
    ("POST", "/incidents/{incident}/attachments"): TAKING,
    ("POST", "/incidents/{incident}/cameras"): TAKING,
    ("POST", "/incidents/{incident}/state"): DISPATCHING,
    ("POST", "/incidents/{incident}/merge"): DISPATCHING,
    ("POST", "/incidents/{incident}/dispatch"): DISPATCHING,
    ("POST", "/assignments/{assignment}/step"): {*DISPATCHING, "field_unit"},
    ("POST", "/assignments/{assignment}/correct"): {*DISPATCHING, "field_unit"},
    ("POST", "/units/{unit}/status"): {*DISPATCHING, "field_unit"},
    ("GET", "/units/{unit}/job"): {*DISPATCHING, "field_unit"},
    ("GET", "/units/mine/job"): {"platform_admin", "field_unit"},
}


@pytest.fixture(autouse=True)
def _folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.NCC_VAR = tmp_path


def city_at_work() -> dict[str, Any]:
    """An incident of a call, with a unit on it and a file, all of the city."""
    make_city()
    make_fleet("DAMKAR-1", "DAMKAR-2")
    desk = dispatcher()
    call = desk.post(
        "/calls",
        {"channel": "112", "caller_name": "Budi Santoso", "lon": LON, "lat": LAT},
        expect=201,
    )["call"]
    row = desk.post(f"/calls/{call['id']}/incident", {"type": "medical"}, expect=201)
    sent = desk.post(f"/incidents/{row['id']}/dispatch", {"units": ["DAMKAR-1"]})
    return {
        "desk": desk, "call": call["id"], "incident": row["id"], "number": row["number"],
        "assignment": sent["assigned"][0]["assignment"], "unit": Unit.objects.get(callsign="DAMKAR-1").pk,
    }  # fmt: skip


@pytest.mark.parametrize("role", ["nobody", *Role.values])
def test_who_gets_past_each_door(role: str) -> None:
    made = city_at_work()
    grants = [(role, make_agency("ncc"))] if role != "nobody" else []
    desk = Desk(account("someone", *grants))
    for (method, path), roles in DOORS.items():
        answer = desk.client.generic(method, f"/api/v1{path.format(**made)}", "{}", content_type="application/json")  # fmt: skip
        inside = answer.status_code not in {401, 403}
        # A crew without a unit of its own is told that the unit is not its own.
        own_unit_only = role == "field_unit" and role in roles
        assert inside == (role in roles) or own_unit_only, (method, path, answer.status_code)
        assert answer.status_code < 500, (method, path, answer.content)


def test_the_neighbouring_government_sees_and_moves_nothing() -> None:
    made = city_at_work()
    made["desk"].client.post(
        f"/api/v1/incidents/{made['incident']}/attachments",
        {"file": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n12345678")},
    )
    file = IncidentAttachment.objects.get().pk
    other = Desk(account("kab", (Role.SUPERVISOR, make_agency("kab", government="35.07"))))
    board = other.get("/board")
    assert (board["incidents"], board["units"], board["calls"]) == ([], [], [])
    for method, path, body in (
        ("GET", "/incidents/{incident}", None), ("GET", "/calls/{call}", None),
        ("GET", "/calls/{call}/caller", None), ("GET", "/units/{unit}/job", None),
        ("GET", f"/incidents/{{incident}}/attachments/{file}", None),
        ("POST", "/calls/{call}/take", {}), ("PATCH", "/calls/{call}", {"version": 1, "note": "x"}),
        ("POST", "/calls/{call}/incident", {"type": "medical"}),
        ("PATCH", "/incidents/{incident}", {"version": 1, "summary": "x"}),
        ("POST", "/incidents/{incident}/state", {"action": "accept"}),
        ("POST", "/incidents/{incident}/notes", {"text": "x"}),
        ("POST", "/incidents/{incident}/cameras", {"codes": []}),
        ("POST", "/incidents/{incident}/dispatch", {"units": ["DAMKAR-2"]}),
        ("POST", "/assignments/{assignment}/step", {"step": "en_route"}),
        ("POST", "/assignments/{assignment}/correct", {"field": "dispatched", "at": "2026-11-25T10:00:00Z", "reason": "x"}),
        ("POST", "/units/{unit}/status", {"status": "available"}),
    ):  # fmt: skip
        answer = other.client.generic(
            method, f"/api/v1{path.format(**made)}", json.dumps(body), content_type="application/json"
        )  # fmt: skip
        assert answer.status_code == 404, (method, path, answer.status_code, answer.content)
        assert b"Budi" not in answer.content
    theirs = new_incident(other)
    assert (
        other.post("/calls", {"channel": "112", "lon": LON, "lat": LAT}, expect=201)["similar"]
        != []
    )
    for answer in (
        other.post(f"/incidents/{theirs['id']}/merge", {"into": made["number"]}, expect=404),
        other.post(f"/incidents/{theirs['id']}/dispatch", {"units": ["DAMKAR-2"]}, expect=409),
    ):
        assert "DAMKAR-2" not in str(answer) or "unknown_unit" in str(answer)
    similar = other.post("/calls", {"channel": "112", "lon": LON, "lat": LAT}, expect=201)[
        "similar"
    ]
    assert [one["number"] for one in similar] == [theirs["number"]]
    assert not Look.objects.exists()
    assert Assignment.objects.count() == 1
    assert made["desk"].get("/board")["incidents"][0]["number"] == made["number"]
    assert len(made["desk"].get("/board")["incidents"]) == 1


def test_a_crew_moves_its_own_unit_and_no_other() -> None:
    made = city_at_work()
    crew = Desk(account("regu", (Role.FIELD_UNIT, make_agency("damkar"))))
    crew.get("/units/mine/job", expect=404)
    crew.post(f"/assignments/{made['assignment']}/step", {"step": "en_route"}, expect=403)
    unit_link(crew.user.pk, Unit.objects.get(pk=made["unit"]))
    job = crew.get("/units/mine/job")
    assert job["unit"]["callsign"] == "DAMKAR-1"
    assert job["incident"]["number"] == made["number"]
    assert job["steps"] == ["acknowledged", "en_route", "staged", "on_scene", "cancel"]
    assert "Budi" not in str(job)
    assert crew.get(f"/units/{made['unit']}/job")["unit"] == job["unit"]
    crew.post(f"/assignments/{made['assignment']}/step", {"step": "en_route"})
    crew.post(
        f"/units/{made['unit']}/status", {"status": "out_of_service", "reason": "ban"}, expect=409
    )
    other = Unit.objects.get(callsign="DAMKAR-2").pk
    crew.get(f"/units/{other}/job", expect=404)
    crew.post(f"/units/{other}/status", {"status": "available"}, expect=404)
    second = units_dispatch(
        made["incident"], user=made["desk"].user, callsigns=["DAMKAR-2"]
    ).assigned[0]
    crew.post(f"/assignments/{second.pk}/step", {"step": "en_route"}, expect=403)
    crew.get("/board", expect=403)
    crew.get(f"/incidents/{made['incident']}", expect=403)
    row = Incident.objects.get(pk=made["incident"])
    line = row.log.get(what="en_route")
    assert (line.author, line.detail["by_unit"]) == (crew.user, True)


def test_an_expired_crew_is_denied_on_the_next_request() -> None:
    made = city_at_work()
    crew = Desk(account("regu", (Role.FIELD_UNIT, make_agency("damkar"))))
    unit_link(crew.user.pk, Unit.objects.get(pk=made["unit"]))
    crew.get("/units/mine/job")
    crew.user.grants.update(expires_at="2020-01-01T00:00:00Z")
    crew.get("/units/mine/job", expect=403)


def test_callers_stay_out_of_history_events_and_the_job() -> None:
    from layers.audit.models import Change
    from layers.events.models import Event

    city_at_work()
    call = Call.objects.get()
    call.place_text = "rumah Pak Lurah"
    call.save()
    told = str(list(Change.objects.values_list("before", "after"))) + str(list(Event.objects.values_list("payload")))  # fmt: skip
    assert "Budi" not in told
    assert "Pak Lurah" not in told


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"RIFF1234WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"), (b"\x00\x00\x00 ftypisom", "video/mp4"), (b"OggS", "audio/ogg"),
        (b"RIFF1234WAVEfmt ", "audio/wav"), (b"ID3\x04", "audio/mpeg"), (b"\xff\xfb\x90", "audio/mpeg"),
        (b"<html><script>", None), (b"<svg xmlns", None), (b"PK\x03\x04", None), (b"MZ\x90", None), (b"", None),
        (b"GIF89a", None), (b"RIFF1234AVI ", None),
    ],
)  # fmt: skip
def test_a_files_kind_is_told_by_its_content(head: bytes, kind: str | None) -> None:
    assert kind_of_bytes(head) == kind


def test_a_file_is_kept_under_the_installation_served_with_rights_and_runs_nothing(
    tmp_path: Path,
) -> None:
    make_city()
    desk = dispatcher()
    key = new_incident(desk)["id"]
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256))

    def put(name: str, content: bytes) -> Any:
        return desk.client.post(f"/api/v1/incidents/{key}/attachments", {"file": SimpleUploadedFile(name, content)})  # fmt: skip

    made = put("..\\..\\etc/passwd\x00<b>.html", data)
    assert made.status_code == 201, made.content
    row = IncidentAttachment.objects.get()
    assert row.name.endswith(".png")
    assert not {"/", "\\", "<", "\x00"} & set(row.name)
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in stored] == [row.stored_as]
    answer = desk.client.get(f"/api/v1/incidents/{key}/attachments/{row.pk}")
    assert BytesIO(answer.getvalue()).read() == data
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert put("a.jpg", b"<html><script>alert(1)</script>").status_code == 422
    assert put("a.png", b"").status_code == 422
    assert put("a.png", data + b"x" * ATTACHMENT_MAX_BYTES).status_code == 422
    other = new_incident(desk)["id"]
    assert desk.client.get(f"/api/v1/incidents/{other}/attachments/{row.pk}").status_code == 404
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_names_of_files_keep_nothing_dangerous() -> None:
    for name in ("../x", "x" * 500, "", "...", "con\r\nSet-Cookie: a", 'a"b;c.jpg'):
        cleaned = name_cleaned(name, "image/jpeg")
        assert cleaned.endswith(".jpg")
        assert len(cleaned) < 140
        assert not set("/\\\r\n\"';<>") & set(cleaned)
