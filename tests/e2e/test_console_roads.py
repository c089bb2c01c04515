"""The console with roads under it: closures drawn and lifted, who is soonest to a click, and moves up."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.gis.geos import Point

from layers.assets.models import Station
from layers.dispatch.models import RunCard, Unit
from layers.dispatch.recommendation import units_nearest
from layers.dispatch.rules import AgencyRule
from layers.incidents.models import IncidentType
from layers.network import store
from layers.network.models import RoadClosure
from tests import city
from tests.e2e.test_consoles import click_map
from tests.e2e.test_dispatch import Colleague, excuse, open_console
from tests.factories import make_unit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
LON, LAT = city.LON, city.LAT
#: Walking pace, so that a street of 1.3 km is longer than 15 minutes.
SLOW_KPH = 3.0


def at(dx: float, dy: float = 0.6) -> tuple[float, float]:
    """Degrees of an offset in thousandths of a degree; 0.6 is Jalan Ijen."""
    return LON + dx / 1000, LAT + dy / 1000


@pytest.fixture
def roads(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jalan Ijen from west to east with a street round it, a post and units at either end, a graph."""
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    settings.NCC_SCENE_DIR = tmp_path / "scenes"
    monkeypatch.setattr(store, "_loaded", None)
    monkeypatch.setattr(store, "_folder", None)
    import_module("layers.migrations.0002_reference").load(apps, None)
    kind = IncidentType.objects.create(code="building_fire", name="Kebakaran bangunan", group="fire", default_priority=1)  # fmt: skip
    RunCard.objects.create(incident_type=kind, kind="fire", capability="pump", count=1)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.area("35.73.01.1001", "Barat", size_deg=0.006, lon=LON - 0.004)
    city.area("35.73.01.1002", "Timur", size_deg=0.006, lon=LON + 0.004)
    # Roads meet where they end.
    for west, east in ((-6, -2), (-2, 2), (2, 6)):
        city.street("Jalan Ijen", (west, 0.6), (east, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (-2, 0.6), (-2, 2.6), (2, 2.6), (2, 0.6), road_class="primary", minz=10)  # fmt: skip
    own = city.agency("damkar")
    AgencyRule.objects.create(agency=own, class_kph={"primary": SLOW_KPH})
    for code, dx in (("POS-B", -5), ("POS-T", 5)):
        lon, lat = at(dx)
        Station.objects.create(code=code, name=f"Pos {code[-1]}", kind="fire", geom=Point(lon, lat, srid=4326))  # fmt: skip
    for name, dx, post in (("BARAT-1", -5, "POS-B"), ("BARAT-2", -5, "POS-B"), ("TIMUR-1", 5, "POS-T")):  # fmt: skip
        lon, lat = at(dx)
        make_unit(name, lon=lon, lat=lat, capabilities=["pump"], agency=own, station=Station.objects.get(code=post))  # fmt: skip
    units_nearest(*at(0), build=True)


def ranked(page: Any) -> list[str]:
    """Callsigns of the ranking, soonest first."""
    names = page.locator("#place [data-ranking] .rank-row .where")
    return [names.nth(i).inner_text() for i in range(names.count())]


def test_what_falls_out_of_reach_is_said_and_one_key_moves_a_unit_up(
    open_page: Open, roads: None
) -> None:
    lon, lat = at(5)
    Colleague().report(lon=lon, lat=lat)
    page, watch = open_console(open_page)
    page.locator("[data-queue] [data-row]").first.focus()
    page.keyboard.press("Enter")
    # Before it is sent: what its going would leave without anybody in time.
    page.wait_for_selector("[data-card-cover] .cover-loss")
    before = page.locator("[data-card-cover]").inner_text()
    assert "Timur" in before
    assert "BARAT" in before
    page.keyboard.press("d")
    page.wait_for_selector("[data-crew] .crew-row")
    part = page.locator("[data-move-up-part]")
    part.locator(".move-up").wait_for()
    told = part.inner_text()
    assert "Timur" in told
    assert "Pos T" in told
    assert part.locator("[data-move-unit]").count() == 1
    page.locator("#incident").focus()
    page.keyboard.press("j")
    part.locator(".move-done").wait_for()
    assert page.locator("[data-move-up-said]").inner_text() == "BARAT-1 bergeser ke Pos T."
    unit = Unit.objects.get(callsign="BARAT-1")
    assert (unit.status.code, unit.status.status_class) == ("patrol", "available")
    assert unit.status_reason == "→ POS-T Pos T"
    assert unit.post is not None
    assert unit.post.code == "POS-T"
    # The order counts at once: nobody is left out of reach, and no second unit is offered.
    page.wait_for_function(
        "() => !document.querySelector('[data-move-up-part] [data-lost]:not([data-lost=\"0\"])')"
    )
    told = part.inner_text()
    assert "BARAT-1 ke Pos T" in told
    assert "dihitung di sana" in told
    assert part.locator("[data-move-unit]").count() == 0
    # Done is done: the same key again orders nothing.
    version = unit.version
    page.keyboard.press("j")
    page.wait_for_timeout(600)
    unit.refresh_from_db()
    assert unit.version == version
    watch.assert_clean()


def test_a_click_ranks_by_road_and_a_closure_drawn_there_turns_the_order_round(
    open_page: Open, roads: None
) -> None:
    page, watch = open_console(open_page)
    lon, lat = at(-1)
    click_map(page, lon, lat)
    page.wait_for_selector("#place [data-ranking] .rank-row")
    assert ranked(page)[:2] == ["BARAT-1", "BARAT-2"]
    first = page.locator("#place .rank-row .amount").first.inner_text()

    # Close Jalan Ijen just west of the click: the units there have to go round by Jalan Semeru.
    page.locator("[data-closure-toggle]").click()
    for dx in (-1.9, -1.3):
        click_map(page, *at(dx))
    page.locator("[data-closure-undo]").click()
    click_map(page, *at(-1.3))
    page.locator(".closure-form [name='reason']").fill("Pohon tumbang")
    page.locator(".closure-form [name='reason']").press("Enter")
    page.wait_for_selector(".closure-form", state="hidden")
    closure = RoadClosure.objects.get()
    assert (closure.reason, closure.lifted_at, closure.geom.num_points) == (
        "Pohon tumbang",
        None,
        2,
    )
    click_map(page, lon, lat)
    page.wait_for_function("before => document.querySelector('#place .rank-row .amount')?.textContent !== before", arg=first)  # fmt: skip
    assert ranked(page)[0] == "TIMUR-1"

    # The closure on the map opens its details; one button there opens the road again.
    page.locator("#side-tabs [data-tab='incident']").click()
    page.wait_for_timeout(500)
    click_map(page, *at(-1.6))
    again = page.get_by_role("button", name="Buka jalan kembali")
    again.wait_for()
    again.click()
    page.wait_for_function("() => !document.querySelector('#details:not([hidden])')")
    closure.refresh_from_db()
    assert closure.lifted_at is not None
    # A click just after it counts, not the place that is asked for once more because of it.
    click_map(page, *at(0))
    page.wait_for_function("() => document.querySelector('#place .rank-row .amount')?.textContent.startsWith('12 mnt')")  # fmt: skip
    page.wait_for_timeout(1500)
    assert page.locator("#place .rank-row .amount").first.inner_text().startswith("12 mnt")
    assert page.locator("#details:not([hidden])").count() == 0
    watch.assert_clean()


def test_a_place_without_a_road_says_so(open_page: Open, roads: None) -> None:
    page, watch = open_console(open_page, address="/dispatch/")
    page.evaluate("() => document.querySelector('#tab-place').click()")
    # Far from every road, reached by coordinates in the search.
    page.locator("#search input, [role='search'] input").first.fill(f"{LAT + 0.2}, {LON + 0.2}")
    page.wait_for_selector("[role='option']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#place [data-ranking] .banner")
    # The server's words, with the place and what to do.
    said = page.locator("#place [data-ranking] .banner").inner_text()
    assert said.startswith("Tidak ada jalan"), said
    assert f"{LON + 0.2:.6f}" in said
    assert "pilih titik" in said.lower()
    excuse(watch, 422)
    watch.assert_clean()
