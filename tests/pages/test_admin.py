"""Administration: whose rows, what is never shown, what is recorded, and how much a list asks for."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from layers.access.models import Role
from layers.assets.models import Camera, Site
from layers.audit.models import Change
from layers.network.models import RoadClosure
from tests import city
from tests.factories import make_agency, make_area, make_camera, make_user

pytestmark = pytest.mark.django_db
SECRET = "rtsp://petugas:rahasia@10.1.2.3/live"


def login(client: Any, role: str, *, agency: str = "dishub") -> Any:
    """Logs somebody with one grant in; answers the account."""
    person = make_user(f"{role}-{agency}", (role, make_agency(agency)))
    client.force_login(person)
    return person


def filled(answer: Any, **changes: Any) -> dict[str, Any]:
    """What a browser would send back from a form it was shown, with some fields changed."""
    form = answer.context["adminform"].form
    data: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if isinstance(value, bool) or value is None:
            if value:
                data[field.html_name] = "on"
            continue
        data[field.html_name] = value.geojson if hasattr(value, "geojson") else value
    return {**data, **changes}


def camera_of(code: str, agency: str, **fields: Any) -> Camera:
    return make_camera(code, agency=make_agency(agency), stream_url=SECRET, **fields)


def address_of(row: Any, page: str = "change") -> str:
    return f"/admin/layers/{row._meta.model_name}/{row.pk}/{page}/"


@pytest.mark.parametrize("role", ["agency_operator", "agency_admin"])
def test_an_agency_has_its_own_assets_and_no_others(client: Any, role: str) -> None:
    ours, theirs = camera_of("OURS-1", "dishub"), camera_of("THEIRS-1", "pdam")
    login(client, role)
    listed = client.get("/admin/layers/camera/").content.decode()
    assert "OURS-1" in listed
    assert "THEIRS-1" not in listed
    for page in ("change", "history", "delete"):
        assert client.get(address_of(theirs, page)).status_code in {302, 403}
    form = client.get(address_of(ours))
    assert form.status_code == 200
    refused = client.post(address_of(ours), filled(form, agency=str(theirs.agency_id)))
    assert "agency" in refused.context["adminform"].form.errors
    client.post(address_of(theirs), filled(form, name="taken over"))
    theirs.refresh_from_db()
    assert theirs.name != "taken over"
    assert client.get(address_of(ours, "delete")).status_code == (
        200 if role == "agency_admin" else 403
    )
    assert client.get("/admin/layers/building/").status_code == 403


def test_nobody_makes_an_asset_for_another_agency(client: Any) -> None:
    pole = Site.objects.create(
        code="S-9", name="Pole", agency=make_agency("dishub"), geom=camera_of("C", "pdam").geom
    )
    login(client, "agency_operator")
    form = client.get("/admin/layers/camera/add/")
    new = {
        "code": "NEW-1", "name": "New", "site": str(pole.pk), "kind": "fixed", "status": "active",
        "heading_source": "unknown", "attributes": "{}", "geom": json.dumps({"type": "Point", "coordinates": [112.63, -7.98]}),
    }  # fmt: skip
    refused = client.post("/admin/layers/camera/add/", filled(form, **new))
    assert "agency" in refused.context["adminform"].form.errors
    made = client.post("/admin/layers/camera/add/", filled(form, **new, agency=str(pole.agency_id)))
    assert made.status_code == 302
    assert Camera.objects.get(code="NEW-1").agency == pole.agency


def test_a_stream_address_is_written_and_never_read_back(client: Any) -> None:
    camera = camera_of("OURS-1", "dishub")
    login(client, "agency_operator")
    form = client.get(address_of(camera))
    pages = [
        form,
        client.get("/admin/layers/camera/?q=rtsp"),
        client.get(address_of(camera, "history")),
        client.post(address_of(camera), filled(form, heading_deg="999")),
        client.post(
            address_of(camera), filled(form, heading_deg="999", stream_url="rtsp://new:rahasia@x/")
        ),
        client.get("/admin/"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "rahasia" not in page.content.decode()
        assert "10.1.2.3" not in page.content.decode()

    def saved(**changes: Any) -> str:
        assert client.post(address_of(camera), filled(form, **changes)).status_code == 302
        camera.refresh_from_db()
        return camera.stream_url

    assert saved(name="renamed") == SECRET
    assert saved(stream_url="https://example.id/live.m3u8") == "https://example.id/live.m3u8"
    assert saved(stream_url=SECRET, stream_url_removed="on") == SECRET
    assert saved(stream_url_removed="on") == ""
    refused = client.post(address_of(camera), filled(form, stream_url="file:///etc/passwd"))
    assert "stream_url" in refused.context["adminform"].form.errors
    recorded = list(Change.objects.filter(table_name="layers_camera").values("before", "after"))
    assert "rahasia" not in json.dumps(recorded)


def test_who_may_see_streams_reads_the_address_without_its_password(client: Any) -> None:
    camera = camera_of("OURS-1", "diskominfo")
    login(client, "cctv_operator", agency="diskominfo")
    shown = client.get(address_of(camera)).content.decode()
    assert "rtsp://•••@10.1.2.3/live" in shown
    assert "rahasia" not in shown


def test_every_save_is_recorded_with_its_author(client: Any) -> None:
    camera = camera_of("OURS-1", "dishub", heading_source="assumed")
    person = login(client, "agency_admin")

    def last(row: Any) -> Change:
        change = Change.objects.filter(table_name=row._meta.db_table, row_id=str(row.pk)).first()
        assert change is not None
        assert (change.actor_id, change.actor, change.source) == (person.pk, person.username, "web")
        return change

    client.post(address_of(camera), filled(client.get(address_of(camera)), name="Renamed"))
    assert last(camera).after["name"] == "Renamed"
    client.post(
        "/admin/layers/camera/", {"action": "confirm_heading", "_selected_action": [camera.pk]}
    )
    assert last(camera).after == {"heading_source": "confirmed"}
    page = client.get(address_of(camera, "history")).content.decode()
    assert person.username in page
    assert "dikonfirmasi petugas" in page
    client.post(address_of(camera, "delete"), {"post": "yes"})
    assert not Camera.objects.filter(pk=camera.pk).exists()
    assert last(camera).action == "D"


def test_a_password_set_by_an_administrator_is_recorded(client: Any) -> None:
    person = make_user("budi")
    client.force_login(make_user("root", is_superuser=True))
    word = {"password1": "kata-sandi-baru-9", "password2": "kata-sandi-baru-9", "usable_password": "true"}  # fmt: skip
    assert client.post(f"/admin/layers/user/{person.pk}/password/", word).status_code == 302
    change = Change.objects.filter(table_name="layers_user", row_id=str(person.pk)).first()
    assert change is not None
    assert change.actor == "root"
    assert "pbkdf2" not in json.dumps([change.before, change.after])


def test_the_history_is_read_by_auditors_and_written_by_nobody(client: Any) -> None:
    make_area()
    login(client, "auditor", agency="inspektorat")
    listed = client.get("/admin/layers/change/?table=layers_area")
    assert listed.status_code == 200
    change = Change.objects.filter(table_name="layers_area").first()
    assert change is not None
    assert client.get(address_of(change)).status_code == 200
    assert client.post(address_of(change), {"actor": "me"}).status_code == 403
    assert client.get(address_of(change, "delete")).status_code == 403
    assert client.get("/admin/layers/change/add/").status_code == 403


@pytest.mark.parametrize("role", Role.values)
def test_who_may_enter(client: Any, role: str) -> None:
    login(client, role)
    enters = role in {
        "platform_admin", "agency_admin", "agency_operator", "cctv_operator", "planner", "auditor",
        "dispatcher", "supervisor",
    }  # fmt: skip
    assert client.get("/admin/").status_code == (200 if enters else 302)
    if not enters:
        assert client.get("/admin/login/").status_code == 403


def test_a_visitor_is_asked_to_log_in_by_the_ordinary_page(client: Any) -> None:
    answer = client.get("/admin/layers/camera/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/login/?next=")
    assert "layers/camera" in answer.redirect_chain[-1][0]


def test_a_dispatcher_closes_a_road(client: Any) -> None:
    login(client, "dispatcher", agency="ncc")
    line = {"type": "LineString", "coordinates": [[112.63, -7.98], [112.631, -7.98]]}
    data = {"kind": "flood", "reason": "Banjir", "starts_at_0": "2026-11-01", "starts_at_1": "10:00:00", "geom": json.dumps(line)}  # fmt: skip
    assert client.post("/admin/layers/roadclosure/add/", data).status_code == 302
    assert RoadClosure.objects.get().reason == "Banjir"


def bow_tie(points: int) -> list[list[float]]:
    """A ring of star points that crosses itself about `points` times."""
    step = 2 * math.pi * (points // 2 - 1) / points
    ring = [
        [112.6 + 0.01 * math.cos(i * step), -7.98 + 0.01 * math.sin(i * step)]
        for i in range(points)
    ]
    return [*ring, ring[0]]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [bow_tie(1001)]},
        {"type": "MultiPolygon", "coordinates": [[[[-7.9, 112.6], [-7.9, 112.7], [-8.0, 112.7], [-7.9, 112.6]]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1e9, 0], [1, 1], [0, 0]]]},
        {"type": "Point", "coordinates": [112.6, -7.9]},
        {"type": "Polygon", "coordinates": "x"},
        "SRID=4326;POLYGON((0 0,1 0,1 1,0 0))",
        [[[[[[[[1]]]]]]]],
    ],
    ids=["crossing", "swapped", "beyond", "kind", "text", "wkt", "nested"],
)  # fmt: skip
def test_a_shape_that_cannot_be_used_is_refused_at_once(client: Any, geometry: Any) -> None:
    area = make_area()
    client.force_login(make_user("root", is_superuser=True))
    form = client.get(address_of(area))
    text = geometry if isinstance(geometry, str) else json.dumps(geometry)
    started = time.perf_counter()
    refused = client.post(address_of(area), filled(form, geom=text))
    assert time.perf_counter() - started < 1
    assert refused.status_code == 200
    assert "geom" in refused.context["adminform"].form.errors


def test_a_polygon_is_taken_for_a_multipolygon_and_its_crs_is_not_followed(client: Any) -> None:
    area = make_area()
    client.force_login(make_user("root", is_superuser=True))
    square = {
        "type": "Polygon", "coordinates": [[[112.6, -8], [112.7, -8], [112.7, -7.9], [112.6, -8]]],
        "crs": {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}},
    }  # fmt: skip
    form = client.get(address_of(area))
    saved = client.post(address_of(area), filled(form, geom=json.dumps(square)))
    assert saved.status_code == 302
    area.refresh_from_db()
    assert (area.geom.geom_type, area.geom.srid, area.geom.num_coords) == ("MultiPolygon", 4326, 4)


def test_a_list_asks_as_much_for_fifty_rows_as_for_five(client: Any) -> None:
    client.force_login(make_user("root", is_superuser=True))

    def queries() -> int:
        with CaptureQueriesContext(connection, ) as seen:  # fmt: skip
            assert client.get("/admin/layers/camera/").status_code == 200
        return len(seen)

    for number in range(5):
        camera_of(f"C-{number}", "dishub")
    queries()  # the first request of a process reads more
    few = queries()
    for number in range(5, 50):
        camera_of(f"C-{number}", f"agency-{number % 7}")
    assert queries() == few


def test_a_long_list_is_not_counted_to_its_end(client: Any) -> None:
    city.buildings(10_200)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE layers_building")
    client.force_login(make_user("root", is_superuser=True))
    with CaptureQueriesContext(connection) as seen:
        answer = client.get("/admin/layers/building/")
    texts = [query["sql"] for query in seen]
    assert all("LIMIT" in text for text in texts if "COUNT(" in text)
    # Nor are shapes read for a list.
    assert not any('"layers_building"."geom"' in text for text in texts)
    assert answer.context["cl"].result_count == 10_200
    found = client.get("/admin/layers/building/?q=tidak+ada")
    assert found.context["cl"].result_count == 0


def test_only_our_own_models_have_a_page(client: Any) -> None:
    assert {model._meta.app_label for model in site._registry} == {"layers"}
    client.force_login(make_user("root", is_superuser=True))
    for model, page in site._registry.items():
        address = f"/admin/layers/{model._meta.model_name}/"
        answer = client.get(address, {"q": "1"} if page.search_fields else {})
        assert answer.status_code == 200, address
        if page.has_add_permission(answer.wsgi_request):
            assert client.get(address + "add/").status_code == 200, address
