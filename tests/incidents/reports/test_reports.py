"""Citizens' reports: the page, Open311, the triage queue, and nothing of the reporter in public."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from PIL import Image

from layers.audit.models import Change, Look
from layers.errors import Conflict, HostileInput, InvalidInput
from layers.events.models import Event
from layers.incidents.models import Call, Incident, IncidentType
from layers.incidents.reports import photos, service
from layers.incidents.reports.models import CitizenReport
from layers.incidents.reports.photos import photo_read, photo_store
from layers.incidents.reports.service import report_accept, report_create, report_reject
from tests.factories import MALANG, make_agency, make_area, make_user

pytestmark = pytest.mark.django_db
LON, LAT = 112.634567, -7.981234
SECRETS = ("Siti Pelapor", "0812999", "siti@", "Jalan Rahasia 17", "tetangga saya", "112.634567", "-7.981234")  # fmt: skip


@pytest.fixture(autouse=True)
def _place(settings: Any, tmp_path: Path) -> None:
    settings.NCC_VAR = tmp_path
    make_area(name="Kota Malang")
    make_area("35.73.01.1001", level="kelurahan", name="Klojen", box=(112.60, -8.0, 112.66, -7.96))
    IncidentType.objects.get_or_create(code="flood", defaults={"name": "Banjir", "name_en": "Flood"})  # fmt: skip
    IncidentType.objects.get_or_create(code="kdrt", defaults={"name": "Kekerasan", "sensitive": True})  # fmt: skip


def picture(size: tuple[int, int] = (60, 40), *, gps: bool = True, form: str = "JPEG") -> bytes:
    """A picture that tells where it was taken."""
    out = io.BytesIO()
    exif = Image.Exif()
    if gps:
        exif[0x010F] = "Kamera"
        exif.get_ifd(0x8825).update({1: "S", 2: (7.0, 58.0, 52.0), 3: "E", 4: (112.0, 38.0, 4.0)})
    Image.new("RGB", size, "green").save(out, form, exif=exif)
    return out.getvalue()


def send(client: Client, **fields: Any) -> Any:
    values = {"type": "flood", "lon": str(LON), "lat": str(LAT), "description": "banjir di rumah tetangga saya", "address": "Jalan Rahasia 17", "name": "Siti Pelapor", "number": "0812999"}  # fmt: skip
    return client.post("/report/", {**values, **fields})


def made(**fields: Any) -> CitizenReport:
    values: dict[str, Any] = {
        "channel": "page", "type_code": "flood", "source": "1.2.3.4", "lon": LON, "lat": LAT, "name": "Siti Pelapor",
        "number": "0812999", "email": "siti@x", "address": "Jalan Rahasia 17", "description": "di rumah tetangga saya",
    }  # fmt: skip
    return report_create(**{**values, **fields})


def taker(name: str = "penerima", government: str = "35.73") -> Any:
    agency = make_agency(f"ncc{government}", government=government)
    return make_user(name, ("call_taker", agency))


def test_a_report_from_the_page_waits_for_a_person_and_sends_nobody(client: Client) -> None:
    answer = send(client, photo=SimpleUploadedFile("x.jpg", picture()))
    report = CitizenReport.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/report/{report.token}/"
    assert (report.state, report.area_name, report.government) == ("new", "Klojen", "35.73")
    assert Incident.objects.count() == Call.objects.count() == 0
    event = Event.objects.get(kind="report.new")
    assert not any(secret in str(event.payload) for secret in SECRETS)
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert report.code in page.content.decode()


def test_the_public_sees_nothing_of_the_reporter(client: Client) -> None:
    report = made()
    addresses = (
        f"/report/{report.token}/", "/open311/v2/requests.json", "/open311/v2/requests.xml",
        f"/open311/v2/requests/{report.code}.json", f"/open311/v2/tokens/{report.token}.xml",
        "/open311/v2/requests.json?status=open&service_code=flood",
    )  # fmt: skip
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        body = answer.content.decode()
        assert report.code in body
        assert not any(secret in body for secret in SECRETS), address
    (row,) = client.get("/open311/v2/requests.json").json()
    assert (row["lat"], row["long"], row["address"]) == (-7.981, 112.635, "Klojen")
    assert row["status"] == "open"
    secret = made(type_code="flood", source="5.5.5.5")
    IncidentType.objects.filter(code="flood").update(sensitive=True)
    assert client.get(f"/open311/v2/requests/{secret.code}.json").status_code == 404
    assert client.get("/open311/v2/requests.json").json() == []


def test_a_sensitive_kind_is_not_offered_and_not_taken(client: Client) -> None:
    codes = {row["service_code"] for row in client.get("/open311/v2/services.json").json()}
    assert "flood" in codes
    assert "kdrt" not in codes
    with pytest.raises(InvalidInput):
        made(type_code="kdrt")


def test_accepting_makes_a_call_and_an_incident_and_keeps_the_photo() -> None:
    report = made(photo=picture())
    user = taker()
    incident = report_accept(report.pk, user=user, priority=2)
    report.refresh_from_db()
    assert report.call is not None
    assert (report.state, report.call.incident, report.decided_by) == ("accepted", incident, user)
    assert (incident.type.code, incident.priority, incident.state) == ("flood", 2, "new")
    assert (report.call.channel, report.call.caller_name) == ("app", "Siti Pelapor")
    assert incident.attachments.count() == 1
    assert not incident.assignments.exists()
    with pytest.raises(Conflict):
        report_reject(report.pk, user=user, reason="x")


def test_rejecting_needs_a_reason_that_the_reporter_reads(client: Client) -> None:
    report = made()
    with pytest.raises(InvalidInput):
        report_reject(report.pk, user=taker(), reason=" ")
    report_reject(report.pk, user=taker("lain"), reason="Sudah ditangani kemarin")
    page = client.get(f"/report/{report.token}/").content.decode()
    assert "Sudah ditangani kemarin" in page
    assert client.get(f"/open311/v2/requests/{report.code}.json").json()[0]["status"] == "closed"


def test_the_queue_is_for_call_takers_of_the_same_city_and_opening_is_written_down(
    client: Client,
) -> None:
    report = made()
    assert client.get("/api/v1/triage").status_code == 401
    client.force_login(taker("kab", "35.07"))
    assert client.get("/api/v1/triage").json() == {"reports": []}
    assert client.get(f"/api/v1/triage/{report.pk}").status_code == 404
    assert client.post(f"/api/v1/triage/{report.pk}/accept", "{}", content_type="application/json").status_code == 404  # fmt: skip
    client.force_login(make_user("p", ("planner", make_agency())))
    assert client.get("/api/v1/triage").status_code == 403
    client.force_login(taker())
    (row,) = client.get("/api/v1/triage").json()["reports"]
    assert "Siti" not in json.dumps(row)
    assert Look.objects.count() == 0
    assert client.get(f"/api/v1/triage/{report.pk}").json()["reporter_name"] == "Siti Pelapor"
    assert Look.objects.get().table_name == "layers_citizenreport"
    assert client.get(f"/api/v1/triage/{report.pk}/photo").status_code == 404
    done = client.post(f"/api/v1/triage/{report.pk}/accept", "{}", content_type="application/json")
    assert done.status_code == 201
    assert done.json()["number"].startswith("INC-")
    assert client.get("/api/v1/triage").json() == {"reports": []}
    assert client.post(f"/api/v1/triage/{report.pk}/reject", '{"reason": "x"}', content_type="application/json").status_code == 409  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_one_does() -> None:
    report, users = made(), [taker("a"), taker("b")]
    results: list[str] = []

    def decide(user: Any) -> None:
        try:
            report_accept(report.pk, user=user)
            results.append("done")
        except Conflict:
            results.append("told")
        connections.close_all()

    threads = [threading.Thread(target=decide, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "told"]
    assert Incident.objects.count() == 1


def test_history_says_that_a_report_came_and_not_what_is_in_it() -> None:
    made()
    kept = json.dumps(list(Change.objects.filter(table_name="layers_citizenreport").values("before", "after")), default=str)  # fmt: skip
    assert "flood" in kept or "area_name" in kept
    assert not any(secret in kept for secret in SECRETS)


def test_a_photo_is_only_a_picture_afterwards(settings: Any) -> None:
    name = photo_store(picture((3000, 1000)))
    data = photo_read(name)
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (2048, 683))
        assert not image.getexif()
        assert not image.getexif().get_ifd(0x8825)
    assert b"Kamera" not in data
    assert photo_store(picture(form="PNG", gps=False)) != name


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", b"\xff\xd8\xff broken", picture()[:200], b"%PDF-1.4"])  # fmt: skip
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        photo_store(data)


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostileInput):
        photo_store(picture((20_000, 20_000), gps=False, form="PNG"))
    monkeypatch.setattr(photos, "PHOTO_MAX_BYTES", 100)
    with pytest.raises(InvalidInput):
        photo_store(picture())


def test_floods_are_stopped_and_others_are_not(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    for _number in range(service.PER_TEN_MINUTES):
        assert send(client).status_code == 302
    refused = send(client)
    assert refused.status_code == 429
    assert "112" in refused.content.decode()
    assert made(source="9.9.9.9").pk
    monkeypatch.setattr(service, "ALL_PER_HOUR", 3)
    answer = client.post("/open311/v2/requests.json", {"service_code": "flood", "address_string": "x"}, REMOTE_ADDR="8.8.8.8")  # fmt: skip
    assert answer.status_code == 429


@pytest.mark.parametrize(
    "fields", [{"type": ""}, {"lon": "", "lat": "", "address": ""}, {"lon": "abc"}, {"lat": "400"}, {"website": "x"}, {"lon": "nan"}]
)  # fmt: skip
def test_a_form_that_lacks_something_comes_back_with_what_was_written(
    client: Client, fields: dict[str, str]
) -> None:
    answer = send(client, **fields)
    assert answer.status_code in {422, 429}
    assert "banjir di rumah tetangga saya" in answer.content.decode()
    assert CitizenReport.objects.count() == 0


def test_a_token_is_not_guessed_and_the_form_needs_the_pages_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/report/", {"type": "flood", "address": "x"}).status_code == 403
    assert strict.get("/report/nothing/").status_code == 404
    assert len({made(source=str(n)).token for n in range(3)}) == 3
    assert all(len(token) >= 32 for token in CitizenReport.objects.values_list("token", flat=True))


def test_open311_takes_a_report_in_both_formats(client: Client) -> None:
    values = {"service_code": "flood", "lat": LAT, "long": LON, "description": "air", "first_name": "Siti", "last_name": "Pelapor", "phone": "0812999", "email": "siti@x", "jurisdiction_id": "35.73", "api_key": "x", "media_url": "http://127.0.0.1/x.jpg"}  # fmt: skip
    answer = client.post("/open311/v2/requests.json", values)
    assert answer.status_code == 201
    (row,) = answer.json()
    report = CitizenReport.objects.get(token=row["token"])
    assert (report.reporter_name, report.channel, row["service_request_id"]) == ("Siti Pelapor", "open311", report.code)  # fmt: skip
    answer = client.post("/open311/v2/requests.xml", {"service_code": "flood", "address_string": "Jl. Ijen"})  # fmt: skip
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root[0].tag) == ("service_requests", "request")
    found = client.get(f"/open311/v2/tokens/{root[0].findtext('token')}.json").json()
    assert found[0]["service_request_id"] == root[0].findtext("service_request_id")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("services.json", 200), ("services.xml", 200), ("discovery.json", 200), ("discovery.xml", 200),
        ("services/flood.json", 200), ("services/none.json", 404), ("services.html", 404),
        ("requests/L-999999.json", 404), ("requests/x.xml", 404), ("requests.json?start_date=x", 400),
        ("requests.json?jurisdiction_id=chicago", 404), ("requests.json?service_request_id=,,x", 200),
        ("tokens/none.json", 404), ("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-01-02", 200),
    ],
)  # fmt: skip
def test_open311_answers_every_address(client: Client, address: str, status: int) -> None:
    answer = client.get(f"/open311/v2/{address}")
    assert answer.status_code == status
    if status >= 400 and ".xml" not in address:
        assert answer.json()[0]["code"] == status
        assert answer.json()[0]["description"]


@pytest.mark.real_data
def test_our_rows_have_the_shape_of_a_citys_real_ones(client: Client, shared_data: Path) -> None:
    real = json.loads((shared_data / "open311" / "chicago_requests_2014.json").read_text())
    report = made()
    (row,) = client.get(f"/open311/v2/requests/{report.code}.json").json()
    standard = {"service_request_id", "status", "status_notes", "service_name", "service_code", "agency_responsible", "requested_datetime", "updated_datetime", "address", "lat", "long"}  # fmt: skip
    assert standard <= set(row)
    assert all(standard - {"status_notes", "agency_responsible"} <= set(one) for one in real)
    for one in real[:20]:  # a city's real texts are taken as they are, whatever they hold
        kept = made(source=one["service_request_id"], lon=MALANG[0], lat=MALANG[1], address=one["address"], description=one["service_name"])  # fmt: skip
        assert kept.address == one["address"]


def test_the_queues_page_decides_and_shows_the_sender_only_when_asked(client: Client) -> None:
    first, second = made(description="</script><b>"), made(source="2")
    assert client.get("/triage/").status_code == 302
    client.force_login(taker())
    page = client.get("/triage/").content.decode()
    assert first.code in page
    assert "Siti Pelapor" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page
    assert "Siti Pelapor" in client.get(f"/triage/?open={first.pk}").content.decode()
    assert Look.objects.filter(row_id=str(first.pk)).count() == 1
    client.post(f"/triage/{first.pk}/", {"decision": "accept", "type": "flood", "priority": "1"})
    client.post(f"/triage/{second.pk}/", {"decision": "reject", "reason": "ganda"})
    assert Incident.objects.get().priority == 1
    assert dict(CitizenReport.objects.values_list("pk", "state")) == {first.pk: "accepted", second.pk: "rejected"}  # fmt: skip
    assert client.post(f"/triage/{first.pk}/", {"decision": "reject", "reason": "x"}, follow=True).status_code == 200  # fmt: skip
    assert client.get("/triage/?open=999999").status_code == 404


@pytest.mark.parametrize("text", ["\x00", "x" * 3000, "../../etc", "%s", "L-" + "9" * 40, "²"])
def test_nonsense_is_an_answer_and_no_crash(client: Client, text: str) -> None:
    from urllib.parse import quote

    for address in (
        f"/report/{quote(text, safe='')}/", f"/open311/v2/tokens/{quote(text, safe='')}.json", f"/open311/v2/requests/{quote(text, safe='')}.xml",
        f"/open311/v2/requests.json?service_code={quote(text)}&status={quote(text)}", f"/open311/v2/services/{quote(text, safe='')}.json",
        f"/open311/v2/services.json?jurisdiction_id={quote(text)}", f"/open311/v2/services.{quote(text, safe='')}",
    ):  # fmt: skip
        assert client.get(address).status_code < 500, address
    answer = client.post(
        "/open311/v2/requests.json", {"service_code": text, "lat": text, "long": text}
    )
    assert answer.status_code in {400, 429}
    assert send(client, type=text, name=text, number=text).status_code in {422, 429}
    client.force_login(taker())
    assert client.get(f"/triage/?open={quote(text)}").status_code < 500
    assert client.post(f"/triage/{made().pk}/", {"decision": "accept", "type": text}).status_code == 302  # fmt: skip
