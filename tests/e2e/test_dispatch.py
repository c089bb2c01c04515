"""The dispatch console and the unit's page in a browser: by keyboard, with others interfering, without a network."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from layers.audit.models import Look
from layers.dispatch.models import Assignment, RunCard, UnitAccount
from layers.incidents.models import Call, Incident, IncidentType
from layers.network import store
from tests import city
from tests.e2e.test_accessibility import serious
from tests.e2e.test_consoles import IMAGE, SCRIPT, assert_text_stayed_text, click_map
from tests.factories import make_incident, make_unit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
LON, LAT = city.LON, city.LAT
CENTRE = f"#15/{LAT}/{LON}"


@pytest.fixture
def town(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city with two crossing streets, fire engines and an ambulance; no routing graph."""
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    settings.NCC_SCENE_DIR = tmp_path / "scenes"
    monkeypatch.setattr(store, "_loaded", None)
    monkeypatch.setattr(store, "_folder", None)
    import_module("layers.migrations.0002_reference").load(apps, None)
    for code, name, group, priority, card in (
        ("building_fire", "Kebakaran bangunan", "fire", 1, (("fire", "pump", 2), ("fire", "water_tank", 1), ("ambulance", "", 1))),
        ("fallen_tree", "Pohon tumbang", "disaster", 3, (("rescue", "", 1),)),
        ("theft", SCRIPT, "police", 3, (("police", "", 1),)),
    ):  # fmt: skip
        kind = IncidentType.objects.create(code=code, name=name, group=group, default_priority=priority)  # fmt: skip
        for unit_kind, capability, count in card:
            RunCard.objects.create(incident_type=kind, kind=unit_kind, capability=capability, count=count)  # fmt: skip
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.area("35.73.01.1001", "Klojen")
    city.street("Jalan Ijen", (-6, 0.6), (6, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (0, -3), (0, 4), road_class="secondary", minz=10)
    make_unit("DAMKAR-1", lon=LON + 0.002, lat=LAT, capabilities=["pump"])
    make_unit("DAMKAR-2", lon=LON - 0.004, lat=LAT, capabilities=["pump"])
    make_unit("MEDIS-1", lon=LON, lat=LAT + 0.003, kind="ambulance")


class Colleague:
    """Another dispatcher, at the API from another place."""

    def __init__(self, name: str = "lain") -> None:
        self.user = city.person(name, "dispatcher")
        self.client = Client()
        self.client.force_login(self.user)

    def send(self, method: str, address: str, body: dict[str, Any], **headers: str) -> Any:
        """A request with a JSON body; the answer."""
        return self.client.generic(
            method, f"/api/v1{address}", json.dumps(body), content_type="application/json", headers=headers
        )  # fmt: skip

    def report(self, *, lon: float = LON, lat: float = LAT, **more: Any) -> dict[str, Any]:
        """An incident made by radio."""
        body = {"type": "building_fire", "lon": lon, "lat": lat, **more}
        answer = self.send("POST", "/incidents", body)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())


def open_console(open_page: Open, name: str = "di", address: str = "/dispatch/", **options: Any) -> tuple[Any, Any]:  # fmt: skip
    page, watch = open_page(f"{address}{CENTRE}", user=city.person(name, "dispatcher"), **options)
    return page, watch


def excuse(watch: Any, *statuses: int) -> None:
    """Conflicts that a test provokes are no faults of the page."""
    marks = tuple(str(status) for status in statuses)
    watch.failed = [line for line in watch.failed if not line.startswith(marks)]
    watch.errors = [
        line for line in watch.errors if not any(f"status of {mark}" in line for mark in marks)
    ]


def clean(watch: Any) -> None:
    """Nothing was noticed, but that there is no cover without a routing graph: the town has none."""
    if any("503" in line and "/api/v1/cover" in line for line in watch.failed):
        watch.errors = [line for line in watch.errors if "status of 503" not in line]
    watch.failed = [line for line in watch.failed if "/api/v1/cover" not in line]
    watch.assert_clean()


def rows(page: Any) -> list[str]:
    """Short numbers of the queue, from the top."""
    found = page.locator("[data-queue] .number b")
    return [found.nth(i).inner_text() for i in range(found.count())]


def take_call(page: Any, *, place: str, kind: str, note: str) -> None:
    """Fill the call form by keyboard alone and press the one key that makes the incident."""
    page.keyboard.press("n")
    page.keyboard.type(place)
    page.wait_for_selector(".place-field [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "type_text":
            break
    page.keyboard.type(kind)
    page.wait_for_selector(".combo-box [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "note"
    page.keyboard.type(note)
    page.keyboard.press("Control+Enter")


def test_from_call_to_closed_by_keyboard_while_another_interferes(
    open_page: Open, town: None
) -> None:
    other = Colleague()
    page, watch = open_console(open_page)
    take_call(page, place="Ijen x Semeru", kind="kebakaran bang", note="Asap dari atap")
    # The recommendation stands at once and the hand is on the key that sends.
    page.wait_for_selector("[data-card-send]:focus")
    incident = Incident.objects.get()
    assert incident.type.code == "building_fire"
    assert Call.objects.get().incident_id == incident.pk
    card = page.locator("[data-card]").inner_text()
    assert "DAMKAR-1" in card
    # Nobody has a tanker: what is missing is said.
    assert page.locator(".shortfall").count() >= 1

    # Another sends the same engine elsewhere just before.
    elsewhere = other.report(lat=LAT - 0.004)
    sent = other.send("POST", f"/incidents/{elsewhere['id']}/dispatch", {"units": ["DAMKAR-1"]})
    assert sent.status_code == 200
    page.keyboard.press("d")
    conflict = page.locator("[data-card-said] .conflict")
    conflict.wait_for()
    assert "DAMKAR-1" in conflict.inner_text()
    assert "lain" in conflict.inner_text()
    assert not Assignment.objects.filter(incident=incident).exists()
    # What can still be sent is ticked; the same key sends it.
    page.wait_for_function("() => document.querySelector('[data-card-send]').textContent.includes('DAMKAR-2')")  # fmt: skip
    page.keyboard.press("d")
    page.wait_for_selector("[data-crew] .crew-row:focus")
    assert set(
        Assignment.objects.filter(incident=incident).values_list("unit__callsign", flat=True)
    ) == {"DAMKAR-2", "MEDIS-1"}

    for key, step in (("a", "acknowledged"), ("o", "en_route"), ("s", "on_scene")):
        page.keyboard.press(key)
        page.wait_for_selector(f".crew-row:focus .crew-step[data-step='{step}']")
    page.wait_for_selector(".incident-head .state[data-state='on_scene']")

    # While the form to change it is open, the other changes the priority.
    page.keyboard.press("e")
    page.locator(".asking [name='address']").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Gerbang utara")
    incident.refresh_from_db()
    changed = other.send("PATCH", f"/incidents/{incident.pk}", {"version": incident.version, "priority": 2})  # fmt: skip
    assert changed.status_code == 200
    page.keyboard.press("Control+Enter")
    notice = page.locator(".asking .conflict")
    notice.wait_for()
    assert re.search(r"lain.*1 → 2", notice.inner_text(), re.S)
    assert page.locator(".asking [name='address']").input_value() == "Gerbang utara"
    notice.locator("button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".asking", state="hidden")
    incident.refresh_from_db()
    assert (incident.address, incident.priority) == ("Gerbang utara", 2)

    # Units are still out: closing says so; clearing them all is one more answer.
    page.locator("#incident").focus()
    page.keyboard.press("c")
    page.wait_for_selector(".choice-keys [data-choice='1']:focus")
    page.keyboard.press("1")
    page.wait_for_selector(".asking-extra button")
    assert Incident.objects.get(pk=incident.pk).state != "closed"
    page.locator(".asking-extra button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".incident-head .state[data-state='closed']")
    incident.refresh_from_db()
    assert (incident.state, incident.disposition) == ("closed", "handled")
    assert not Assignment.objects.filter(incident=incident, cleared_at=None, cancelled_at=None).exists()  # fmt: skip
    excuse(watch, 409)
    clean(watch)


def test_the_command_line_does_what_it_says_and_escape_commits_nothing(
    open_page: Open, town: None
) -> None:
    other = Colleague()
    first, second = other.report(), other.report(lon=LON + 0.01)
    page, watch = open_console(open_page)
    short = re.sub(r"^0+", "", first["number"].rsplit("-", 1)[-1])
    page.keyboard.press("/")
    page.keyboard.type(f"D {short} damkar2")
    page.wait_for_selector("[data-said][data-kind='does']")
    assert "DAMKAR-2" in page.locator("[data-said]").inner_text()
    for _ in range(3):
        page.keyboard.press("Escape")
    assert page.locator("#command input").input_value() == ""
    assert not Assignment.objects.exists()

    def command(line: str, kind: str = "good") -> str:
        page.keyboard.press("/")
        page.keyboard.type(line)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[data-said][data-kind='{kind}']")
        words = str(page.locator("[data-said]").inner_text())
        for _ in range(3):
            page.keyboard.press("Escape")
        return words

    assert "DAMKAR-2" in command(f"D {short} damkar2")
    assert Assignment.objects.get().unit.callsign == "DAMKAR-2"
    page.wait_for_selector(".unit-row[data-class='committed']")
    command("S DAMKAR-2 en_route")
    assert Assignment.objects.get().en_route_at is not None
    command(f"N {short} pintu {SCRIPT}")
    assert Incident.objects.get(pk=first["id"]).notes.get().text == f"pintu {SCRIPT}"
    other_short = re.sub(r"^0+", "", second["number"].rsplit("-", 1)[-1])
    command(f"M {other_short} {short}")
    assert Incident.objects.get(pk=second["id"]).merged_into_id == first["id"]
    assert "999" in command("C 999 handled", "bad")
    assert "DAMKAR-2" in command(f"C {short} handled", "bad")
    assert_text_stayed_text(page)
    excuse(watch, 409)
    clean(watch)


def test_escape_loses_nothing_and_a_retry_makes_one_incident(open_page: Open, town: None) -> None:
    page, watch = open_console(open_page)
    page.keyboard.press("n")
    page.keyboard.type("-7.9805, 112.6310")
    page.wait_for_selector(".place-field [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("[name='note']").fill(IMAGE)
    page.locator("[name='type_text']").fill("pohon")
    for _ in range(3):
        page.keyboard.press("Escape")
    assert Call.objects.count() == 0
    page.keyboard.press("n")
    assert page.locator("[name='note']").input_value() == IMAGE
    # The answer to the first request is lost on the way; the form asks again with the same keys.
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    page.route("**/api/v1/calls", lose)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-form-said] .asking-said")
    assert page.locator("[name='note']").input_value() == IMAGE
    page.reload()
    page.wait_for_selector("html[data-ready=dispatch]", state="attached")
    page.keyboard.press("n")
    assert page.locator("[name='note']").input_value() == IMAGE
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".incident-head .state")
    assert (Call.objects.count(), Incident.objects.count()) == (1, 1)
    assert uuid.UUID(lost[0])
    assert_text_stayed_text(page)
    watch.errors = [line for line in watch.errors if "ERR_FAILED" not in line]
    clean(watch)


def test_a_prank_is_counted_and_a_second_call_may_join(open_page: Open, town: None) -> None:
    other = Colleague()
    known = other.report()
    page, watch = open_console(open_page)
    page.keyboard.press("n")
    page.locator("input[name='kind'][value='prank']").check(force=True)
    page.keyboard.press("Control+Enter")
    page.get_by_text("Dihitung").wait_for()
    assert (Call.objects.get().kind, Incident.objects.count()) == ("prank", 1)
    page.keyboard.press("n")
    page.locator("[name='place_text']").fill(f"{LAT + 0.0005}, {LON}")
    page.wait_for_selector(".place-field [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".similar-row").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".incident-head .state")
    joined = Call.objects.get(kind="normal")
    assert (joined.incident_id, Incident.objects.count()) == (known["id"], 1)
    # Somebody at the counter waits: the queue has a word for it.
    other.send("POST", "/calls", {"channel": "walk_in", "take": False})
    page.locator("#calls b").get_by_text("datang langsung").wait_for()
    clean(watch)


def test_a_map_moved_by_hand_stays_and_rows_stay_under_the_hand(
    open_page: Open, town: None
) -> None:
    other = Colleague()
    first = other.report(priority=3)
    page, watch = open_console(open_page)
    page.wait_for_timeout(600)
    box = page.locator(".map-canvas").bounding_box()
    page.mouse.move(box["x"] + 250, box["y"] + 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 300, steps=6)
    page.mouse.up()
    page.wait_for_timeout(700)
    view = page.evaluate("location.hash")
    assert page.locator("#follow").get_attribute("aria-pressed") == "false"
    # The hand is on the only row; a more urgent one comes in.
    page.locator("[data-queue] [data-row]").first.focus()
    other.report(lon=LON + 0.012, priority=1)
    page.locator("[data-waiting]").wait_for(timeout=15_000)
    assert "+1" in page.locator("[data-waiting]").inner_text()
    short = re.sub(r"^0+", "", first["number"].rsplit("-", 1)[-1])
    assert rows(page) == [short]
    page.wait_for_timeout(600)
    assert page.evaluate("location.hash") == view
    page.keyboard.press(".")
    assert rows(page)[1] == short
    assert len(rows(page)) == 2
    # With leave, it follows again.
    page.keyboard.press("g")
    page.wait_for_timeout(900)
    assert page.evaluate("location.hash") != view
    clean(watch)


def test_two_windows_stay_in_step(open_page: Open, town: None) -> None:
    other = Colleague()
    first, second = other.report(), other.report(lon=LON + 0.01)
    page, watch = open_console(open_page)
    with page.context.expect_page() as opened:
        page.locator("#map-apart").click()
    apart = opened.value
    apart.wait_for_selector("html[data-ready=dispatch-map]", state="attached")
    page.wait_for_selector(".dispatch[data-apart='true']")
    for incident in (first, second):
        page.locator(f"[data-queue] [data-id='{incident['id']}']").click()
        apart.wait_for_selector(f"html[data-chosen='{incident['number']}']", state="attached")
    apart.close()
    page.wait_for_selector(".dispatch[data-apart='false']", timeout=15_000)
    clean(watch)


def test_hostile_names_are_text_and_callers_are_opened_on_purpose(
    open_page: Open, town: None
) -> None:
    make_unit(IMAGE, lon=LON, lat=LAT, kind="police")
    make_incident("X-77", lon=LON, lat=LAT, address=IMAGE, summary=SCRIPT)
    other = Colleague()
    made = other.send("POST", "/calls", {"channel": "112", "caller_name": IMAGE, "caller_number": "0811", "note": SCRIPT}).json()  # fmt: skip
    other.send("POST", f"/calls/{made['call']['id']}/incident", {"type": "theft", "lon": LON, "lat": LAT + 0.01, "address": SCRIPT})  # fmt: skip
    page, watch = open_console(open_page)
    theft = Incident.objects.get(type__code="theft")
    page.locator(f"[data-queue] [data-id='{theft.pk}']").click()
    page.wait_for_selector("[data-card] .card-line")
    assert IMAGE in page.locator("[data-card]").inner_text()
    assert SCRIPT in page.locator(".incident-head").inner_text()
    assert "0811" not in page.locator("body").inner_text()
    page.get_by_role("button", name="Tampilkan penelepon").click()
    page.get_by_role("link", name="0811").wait_for()
    assert Look.objects.filter(table_name="layers_call", row_id=str(made["call"]["id"])).exists()
    assert_text_stayed_text(page)
    page.locator(f"[data-queue] [data-id='{Incident.objects.get(number='X-77').pk}']").click()
    page.wait_for_selector(".head-summary")
    page.goto(f"{page.url.split('/dispatch/')[0]}/dispatch/incidents/{theft.pk}/print")
    page.wait_for_selector("html[data-ready=sheet]", state="attached")
    assert SCRIPT in page.locator(".sheet").inner_text()
    assert "0811" not in page.locator("body").inner_text()
    assert_text_stayed_text(page)
    clean(watch)


def test_a_click_on_the_map_places_the_call(open_page: Open, town: None) -> None:
    page, watch = open_console(open_page)
    page.keyboard.press("n")
    page.locator("[name='note']").fill("di depan gerbang")
    page.wait_for_timeout(600)
    click_map(page, LON + 0.001, LAT - 0.001)
    page.wait_for_selector(".place-found[data-kind='good']")
    lat, lon = re.search(r"(-?\d+\.\d+), (-?\d+\.\d+)", page.locator(".place-found").inner_text()).groups()  # type: ignore[union-attr]  # fmt: skip
    assert (float(lon), float(lat)) == pytest.approx((LON + 0.001, LAT - 0.001), abs=2e-4)
    assert page.locator("[name='note']").input_value() == "di depan gerbang"
    clean(watch)


def driver(unit: Any) -> Any:
    """An account of a crew, bound to its unit."""
    account = city.person("awak", "field_unit")
    UnitAccount.objects.create(user=account, unit=unit)
    return account


def test_the_units_page_works_through_a_dead_zone(open_page: Open, town: None) -> None:
    from layers.dispatch.models import Unit

    other = Colleague()
    incident = other.report(address=IMAGE)
    other.send("POST", f"/incidents/{incident['id']}/dispatch", {"units": ["DAMKAR-1"]})
    page, watch = open_page("/unit/", user=driver(Unit.objects.get(callsign="DAMKAR-1")), phone=True)  # fmt: skip
    page.wait_for_selector("#steps [data-step]")
    assert IMAGE in page.locator("#job").inner_text()
    assert page.locator("#steps button").first.bounding_box()["height"] >= 64
    assert serious(page) == []
    page.context.set_offline(True)
    for step in ("acknowledged", "en_route"):
        page.locator(f"#steps [data-step='{step}']").click()
    assert page.locator("#unsent li").count() == 2
    assert Assignment.objects.get().acknowledged_at is None
    page.wait_for_selector("#steps [data-step='on_scene']")
    page.context.set_offline(False)
    page.wait_for_selector("#unsent", state="hidden", timeout=20_000)
    part = Assignment.objects.get()
    assert part.acknowledged_at is not None
    assert part.en_route_at is not None
    assert part.en_route_at >= part.acknowledged_at
    # Sent once each, however often the page tried.
    assert list(part.steps.order_by("pk").values_list("step", flat=True)) == ["dispatched", "acknowledged", "en_route"]  # fmt: skip
    assert_text_stayed_text(page)
    watch.errors = [line for line in watch.errors if "ERR_INTERNET_DISCONNECTED" not in line]
    clean(watch)


@pytest.mark.parametrize(("theme", "phone"), [("dark", False), ("light", False), ("light", True), pytest.param("dark", True, marks=pytest.mark.slow)])  # fmt: skip
def test_nothing_serious_on_the_pages_of_dispatch(
    open_page: Open, live_server: Any, town: None, theme: str, phone: bool
) -> None:
    other = Colleague()
    incident = other.report(priority=1)
    other.report(lon=LON + 0.01, priority=2)
    other.send("POST", f"/incidents/{incident['id']}/dispatch", {"units": ["DAMKAR-1"]})
    other.send("POST", f"/incidents/{incident['id']}/notes", {"text": "catatan"})
    page, _watch = open_console(open_page, theme=theme, phone=phone, bypass_csp=True)
    found = {"board": serious(page)}
    page.locator(f"[data-queue] [data-id='{incident['id']}']").click()
    page.wait_for_selector("[data-card] .card-line")
    found["incident"] = serious(page)
    page.locator("#tab-call").click()
    found["call"] = serious(page)
    if phone:
        for part in ("units", "map"):
            page.locator(f"#part-{part}").click()
            found[part] = serious(page)
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    found["help"] = serious(page)
    for address, ready in (("/dispatch/map/", "html[data-ready]"), (f"/dispatch/incidents/{incident['id']}/print", ".sheet")):  # fmt: skip
        page.goto(live_server.url + address)
        page.wait_for_selector(ready, state="attached")
        found[address] = serious(page)
    assert {where: what for where, what in found.items() if what} == {}
