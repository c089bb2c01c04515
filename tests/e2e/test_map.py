"""The map in a browser: strict policy, no outside request, clicks, links, keyboard, phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import city

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
EVIL = "</script><img src=x onerror=\"document.title='owned'\">${x}"
CENTRE = f"{city.LAT}/{city.LON}"
Open = Callable[..., Any]


@pytest.fixture
def town() -> Any:
    """A camera at the centre, streets, buildings, a station."""
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.street("Jalan Ijen", (-9, 0.6), (9, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (2, -6), (2, 6), road_class="secondary", minz=10)
    city.building_at(-1.2, -1.2, size_deg=0.0006, name="Balai Kota", height_m=12)
    city.station("Pos-1", dx=3, dy=3)
    return city.camera("CCTV-1", name=EVIL, owner=city.agency())


def click_centre(page: Any) -> None:
    box = page.locator(".map-canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def wait_for_tiles(page: Any) -> None:
    page.wait_for_function(
        "() => document.querySelectorAll('.leaflet-tile-loaded').length > 3", timeout=15_000
    )
    page.wait_for_timeout(700)


def painted(page: Any) -> int:
    """Distinct colours on the base map's canvases: more than one means something was drawn."""
    return page.evaluate(
        """() => {
          const seen = new Set();
          for (const canvas of document.querySelectorAll('.leaflet-tile-pane canvas')) {
            if (!canvas.width) continue;
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 0; i < data.length; i += 4 * 97) seen.add(`${data[i]},${data[i+1]},${data[i+2]}`);
          }
          return seen.size;
        }"""
    )


def test_map_click_and_policy_without_a_network(open_page: Open, town: Any) -> None:
    page, watch = open_page(f"/#17/{CENTRE}&l=cctv,stations")
    wait_for_tiles(page)
    assert painted(page) > 4
    click_centre(page)
    page.wait_for_selector("#details:not([hidden]) dd", timeout=8_000)
    # A name is text, whatever is in it.
    assert page.locator("[data-details-title]").text_content() == EVIL
    assert page.title() != "owned"
    assert page.locator("#details img").count() == 0
    page.wait_for_function(f"() => location.hash.includes('s=cctv.{town.pk}')", timeout=8_000)
    header = page.request.get(page.url.split("#")[0]).headers["content-security-policy"]
    assert "unsafe" not in header
    watch.assert_clean()


def test_a_link_restores_view_layers_and_selection(open_page: Open, town: Any) -> None:
    page, watch = open_page(f"/#16/{CENTRE}&l=stations&s=cctv.{town.pk}")
    page.wait_for_selector("#details:not([hidden]) dd")
    assert page.locator("#layer-stations").is_checked()
    assert not page.locator("#layer-cctv").is_checked()
    page.wait_for_timeout(400)
    assert page.evaluate("location.hash").startswith(f"#16/{city.LAT:.5f}/{city.LON:.5f}")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    watch.assert_clean()


def test_search_by_keyboard_finds_an_intersection(open_page: Open, town: Any) -> None:
    page, watch = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("Ijen x Semeru")
    page.wait_for_selector("#search-results [role=option]")
    assert "Ijen" in page.locator("#search-results [role=option]").first.text_content()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => location.hash.includes('{city.LON + 0.002:.5f}')", timeout=8_000)
    watch.assert_clean()


def test_a_building_and_a_street_open_from_the_base_map(open_page: Open, town: Any) -> None:
    page, watch = open_page(f"/#18/{city.LAT - 0.0009}/{city.LON - 0.0009}&l=stations")
    wait_for_tiles(page)
    click_centre(page)
    page.wait_for_selector("#details:not([hidden]) dd", timeout=8_000)
    assert page.locator("[data-details-title]").text_content() == "Balai Kota"
    watch.assert_clean()


def test_layers_are_switched_by_keyboard(open_page: Open, town: Any) -> None:
    page, watch = open_page("/")
    box = page.locator("#layer-cctv")
    assert box.is_checked()
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked()
    page.wait_for_timeout(400)
    assert "cctv" not in page.evaluate("location.hash")
    watch.assert_clean()


def test_a_visitor_sees_no_closed_layer_and_staff_do(open_page: Open, town: Any) -> None:
    page, watch = open_page("/")
    assert page.locator("#layer-units").count() == 0
    watch.assert_clean()
    page, watch = open_page("/", user=city.person("di", "dispatcher"))
    assert page.locator("#layer-units").count() == 1
    watch.assert_clean()


def test_the_theme_is_chosen_and_kept(open_page: Open, town: Any) -> None:
    page, watch = open_page("/", theme="light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.locator("[data-theme-toggle]").click()
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    watch.assert_clean()


def test_a_phone_has_sheets_and_touch_targets(open_page: Open, town: Any) -> None:
    page, watch = open_page(f"/#17/{CENTRE}&l=cctv", phone=True)
    wait_for_tiles(page)
    toggle = page.locator(".layers-toggle")
    assert toggle.bounding_box()["height"] >= 44
    toggle.tap()
    assert page.locator("#layer-cctv").is_visible()
    toggle.tap()
    page.touchscreen.tap(195, 48 + (844 - 48) / 2)
    page.wait_for_selector("#details:not([hidden]) dd", timeout=8_000)
    sheet = page.locator("#details").bounding_box()
    assert sheet["x"] == 0
    assert sheet["width"] == 390
    assert sheet["y"] > 300
    # Nothing is wider than the screen.
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    watch.assert_clean()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_for_people_who_use_aids(open_page: Open, town: Any, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, _watch = open_page(f"/#17/{CENTRE}&l=cctv&s=cctv.{town.pk}", theme=theme, bypass_csp=True)
    page.wait_for_selector("#details:not([hidden]) dd")
    found = Axe().run(page)
    serious = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.slow
def test_a_hundred_thousand_points_stay_smooth(open_page: Open) -> None:
    """Panning over 100,000 points without a GPU: the median frame stays under 50 ms."""
    city.many_incidents(100_000, span_deg=0.1)
    page, watch = open_page(
        f"/#13/{CENTRE}&l=incidents", user=city.person("root", is_superuser=True)
    )
    wait_for_tiles(page)
    page.mouse.move(700, 450)
    page.evaluate(
        """() => {
          window.frames_ms = [];
          let last = performance.now();
          const step = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(step); };
          requestAnimationFrame(step);
        }"""
    )
    for zoom_in in (False, True, False):
        page.mouse.down()
        for step in range(30):
            page.mouse.move(700 + step * 8, 450 + step * 3)
            page.wait_for_timeout(16)
        page.mouse.up()
        if zoom_in:
            page.mouse.wheel(0, -200)
        page.wait_for_timeout(900)
    frames = sorted(page.evaluate("window.frames_ms"))
    print(
        f"frames {len(frames)}, median {frames[len(frames) // 2]:.1f} ms, p95 {frames[len(frames) * 95 // 100]:.1f} ms"
    )
    assert frames[len(frames) // 2] < 50
    watch.assert_clean()
