"""The consoles in a browser: what a planner and a dispatcher do, under the strict policy and with hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.gis.geos import LineString

from layers.coverage.analysis import coverage_analyse
from layers.dispatch.recommendation import units_nearest
from layers.network import store
from layers.network.models import Road
from tests import city
from tests.factories import make_building, make_camera, make_unit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
LON, LAT = city.LON, city.LAT
CENTRE = f"#17/{LAT}/{LON}"
SCRIPT = "</script><script>document.title='owned'</script>"
IMAGE = "<img src=x onerror=\"document.title='owned'\">"
TEMPLATE = "${document.title='owned'} {n} {{7*7}}"
#: The dispatcher's point on the one-way street, east of the unit that may not turn round.
ACCIDENT = (LON + 0.001, LAT)


def road(name: str, *points: tuple[float, float], **fields: Any) -> Road:
    """A street whose ends join those of others at the same place."""
    ids = [round((x + 200) * 1e6) * 10**9 + round((y + 100) * 1e6) for x, y in points]
    line = LineString(points, srid=4326)
    return Road.objects.create(
        name=name, geom=line, node_ids=ids, osm_id=Road.objects.count() + 1,
        road_class="residential", minz=12, **fields,
    )  # fmt: skip


@pytest.fixture
def town(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A one-way main street, a way round it, a camera looking north along a third street."""
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    # The graph that this process holds is another test's.
    monkeypatch.setattr(store, "_loaded", None)
    monkeypatch.setattr(store, "_folder", None)
    settings.NCC_SCENE_DIR = tmp_path / "scenes"
    # Tests that commit leave the tables empty, the rows that every installation has included.
    import_module("layers.migrations.0002_reference").load(apps, None)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.05)
    city.area("35.73.01.1001", IMAGE, size_deg=0.05)
    road(SCRIPT, (LON, LAT), (LON + 0.002, LAT), (LON + 0.004, LAT), oneway="forward")
    road("Jalan Barat", (LON, LAT), (LON, LAT - 0.003))
    road("Jalan Selatan", (LON, LAT - 0.003), (LON + 0.004, LAT - 0.003))
    road("Jalan Timur", (LON + 0.004, LAT - 0.003), (LON + 0.004, LAT))
    road("Jalan Utara", (LON, LAT), (LON, LAT + 0.001))
    make_building((LON - 0.0003, LAT + 0.0012, LON + 0.0003, LAT + 0.0014), height_m=9)
    make_camera(
        "KAMERA-1", lon=LON, lat=LAT, name=IMAGE, agency=city.agency(), fov_deg=60, max_range_m=150
    )


def click_map(page: Any, lon: float, lat: float) -> None:
    """A click on the map at a place, by the Web Mercator arithmetic of a slippy map."""
    page.wait_for_timeout(250)
    x, y = page.evaluate(
        """([lon, lat]) => {
          const [zoom, centreLat, centreLon] = location.hash.slice(1).split('&')[0].split('/').map(Number);
          const box = document.querySelector('.map-canvas').getBoundingClientRect();
          const scale = 256 * 2 ** zoom;
          const flat = (degrees) => Math.log(Math.tan(Math.PI / 4 + degrees * Math.PI / 360));
          return [
            box.x + box.width / 2 + (lon - centreLon) / 360 * scale,
            box.y + box.height / 2 - (flat(lat) - flat(centreLat)) / (2 * Math.PI) * scale,
          ];
        }""",
        [lon, lat],
    )
    page.mouse.click(x, y)


def centre_of(page: Any) -> tuple[float, float]:
    """Longitude and latitude in the middle of the map, as the address says."""
    page.wait_for_timeout(700)
    _zoom, lat, lon = page.evaluate("location.hash").lstrip("#").split("&")[0].split("/")
    return float(lon), float(lat)


def paths(page: Any, colour: str = "") -> list[str]:
    """Lines and regions drawn on the map in SVG, of one stroke colour where given."""
    which = f"[stroke='{colour}']" if colour else ""
    drawn = page.locator(f".leaflet-overlay-pane svg path{which}")
    return [drawn.nth(i).get_attribute("d") for i in range(drawn.count())]


def assert_text_stayed_text(page: Any) -> None:
    """No name became an element, ran, or was filled in as a template."""
    assert "owned" not in page.title()
    assert page.locator("img[src='x'], [onerror]").count() == 0
    assert "49" not in page.locator("body").inner_text().split()


def test_a_planner_reads_figures_and_goes_to_the_worst_gap(open_page: Open, town: None) -> None:
    run = coverage_analyse()
    page, watch = open_page(f"/coverage/{CENTRE}", user=city.person("pe", "planner"))
    figures = page.locator("[data-figures]").inner_text()
    demand = 100 * run["demand_covered"]["detect"] / run["demand"]
    street = 100 * run["street_covered_m"]["detect"] / run["street_m"]
    assert 1 < street < 60
    shares = rf"deteksi\s+{demand:.1f} %\s+{street:.1f} %".replace(".", "[.,]")
    assert re.search(shares, figures, re.I)
    assert "Tanah dianggap datar" in figures
    assert IMAGE in page.locator("#areas").inner_text()
    page.get_by_role("tab", name="Celah").click()
    worst = run["gaps"][0]
    row = page.locator("[data-gap-list] button").first
    assert worst["street"] in row.inner_text()
    row.click()
    lon, lat = centre_of(page)
    assert (lon, lat) == pytest.approx((worst["lon"], worst["lat"]), abs=2e-5)
    assert row.get_attribute("aria-pressed") == "true"
    streets = page.locator("[data-gap-list]").inner_text()
    assert SCRIPT in streets
    assert_text_stayed_text(page)
    watch.assert_clean()


def test_a_planner_asks_who_sees_a_point(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/{CENTRE}", user=city.person("pe", "planner"))
    page.get_by_role("tab", name="Uji").click()
    page.get_by_label("tanya kamera yang melihat").check(force=True)
    click_map(page, LON, LAT + 0.0002)
    page.wait_for_selector("#point-view .rank-row")
    row = page.locator("#point-view .rank-row").inner_text()
    assert IMAGE in row
    # 22.1 m down the axis of a 1920 px camera of 60°.
    px_per_m = float(re.search(r"([\d.,]+) px/m", row)[1].replace(",", "."))  # type: ignore[index]
    assert px_per_m == pytest.approx(1920 / (2 * 22.1 * 0.57735), rel=0.1)
    assert paths(page, "#53d3c5")
    click_map(page, LON, LAT - 0.0005)
    page.get_by_text("Tidak ada kamera yang melihat tempat ini.").wait_for()
    assert_text_stayed_text(page)
    watch.assert_clean()


def test_a_planner_tries_a_camera_and_its_region_follows(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/{CENTRE}", user=city.person("pe", "planner"))
    page.get_by_role("tab", name="Uji").click()
    page.get_by_label("coba kamera").check(force=True)
    page.wait_for_selector("#camera-trial dd:has-text('m²')")
    click_map(page, LON, LAT + 0.0005)
    page.wait_for_timeout(500)
    before = paths(page)
    assert before
    slider = page.locator("input[name='heading']")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "(old) => { const now = [...document.querySelectorAll('.leaflet-overlay-pane svg path')].map((p) => p.getAttribute('d'));"
        " return now.length && now.join() !== old; }",
        arg=",".join(before),
    )
    assert "terlihat" in page.locator("[data-trial]").inner_text().lower()
    page.get_by_label("buka yang ada di situ").check(force=True)
    page.wait_for_function(
        "() => document.querySelectorAll('.leaflet-overlay-pane svg path').length === 0"
    )
    watch.assert_clean()


def test_a_dispatcher_sees_who_comes_by_road_and_why_others_do_not(
    open_page: Open, town: None
) -> None:
    make_unit("MELAWAN", lon=LON + 0.0015, lat=LAT, kind="police")
    make_unit(IMAGE, lon=LON, lat=LAT - 0.001, kind="police")
    make_unit("RUSAK-1", status="out_of_service")
    make_unit(TEMPLATE[:60], lon=LON + 3.0)
    expected = units_nearest(*ACCIDENT, build=True)
    assert [row["callsign"] for row in expected["units"]] == [IMAGE, "MELAWAN"]
    page, watch = open_page(f"/dispatch/{CENTRE}", user=city.person("di", "dispatcher"))
    click_map(page, *ACCIDENT)
    page.wait_for_selector("#ranking .rank-list .rank-row")
    rows = page.locator("#ranking .rank-list .rank-row")
    assert [rows.nth(i).locator(".where").inner_text() for i in range(2)] == [IMAGE, "MELAWAN"]
    assert re.search(r"\d+ dtk", rows.first.inner_text())
    assert "lewat jalan" in rows.first.inner_text()
    routes = paths(page, "#53d3c5")
    assert routes
    rows.nth(1).click()
    assert rows.nth(1).get_attribute("aria-pressed") == "true"
    page.wait_for_timeout(600)
    assert paths(page, "#53d3c5") != routes
    page.locator("#ranking summary").click()
    reasons = page.locator("#ranking .left-out").inner_text()
    assert "RUSAK-1" in reasons
    assert "tidak dinas" in reasons
    assert TEMPLATE[:60] in reasons
    # The camera at the corner looks north: the accident is east of it.
    page.get_by_text("Tidak ada kamera yang melihat tempat ini.").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("#ranking .rank-row", state="detached")
    assert_text_stayed_text(page)
    watch.assert_clean()


def test_without_a_graph_the_order_is_labelled_as_straight(open_page: Open, town: None) -> None:
    make_unit("DAMKAR-1", lon=LON, lat=LAT - 0.002)
    page, watch = open_page(f"/dispatch/{CENTRE}", user=city.person("di", "dispatcher"))
    click_map(page, *ACCIDENT)
    page.wait_for_selector("#ranking .banner")
    assert "garis lurus" in page.locator("#ranking .banner").inner_text()
    assert "tidak lewat jalan" in page.locator("#ranking .rank-row").inner_text()
    watch.assert_clean()
