"""For people who use aids: nothing serious by axe on any page, and every page walked by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps

from layers.coverage.analysis import coverage_analyse
from layers.places.models import Agency
from tests import city
from tests.factories import make_incident

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
CENTRE = f"#17/{city.LAT}/{city.LON}"


@pytest.fixture
def town() -> Any:
    """A camera, streets it sees and does not see, an open incident; answers the camera."""
    import_module("layers.migrations.0002_reference").load(apps, None)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.area("35.73.01.1001", "Klojen")
    city.street("Jalan Ijen", (-6, 0.6), (6, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (0, 0.1), (0, 4), road_class="secondary", minz=10)
    make_incident("N-1", lon=city.LON + 0.002, lat=city.LAT)
    return city.camera("CCTV-1", owner=city.agency())


def serious(page: Any) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical on the page as it stands."""
    return [
        (found["id"], [node["html"][:140] for node in found["nodes"][:4]])
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("theme", "phone"),
    [
        ("dark", False),
        ("light", True),
        pytest.param("dark", True, marks=pytest.mark.slow),
        pytest.param("light", False, marks=pytest.mark.slow),
    ],
)
def test_nothing_serious_on_any_page(
    open_page: Open, live_server: Any, town: Any, theme: str, phone: bool
) -> None:
    coverage_analyse()
    boss = city.person("root", is_superuser=True)
    look = {"theme": theme, "phone": phone, "bypass_csp": True}
    page, _watch = open_page("/login/", ready="#id_username", **look)
    found = {"/login/": serious(page)}
    page.fill("#id_username", "nobody")
    page.fill("#id_password", "nothing")
    page.locator("main button").click()
    page.wait_for_selector("[role=alert]")
    found["login refused"] = serious(page)
    page, _watch = open_page(f"/dispatch/{CENTRE}", user=boss, **look)
    page.locator("[data-queue] button").first.click()
    page.wait_for_selector("[data-card] .card-line")
    found["/dispatch/"] = serious(page)
    page.locator("#tab-call").click()
    found["call form"] = serious(page)
    page.locator("#tab-place").click()
    found["place"] = serious(page)
    for address, ready in {
        f"/{CENTRE}&s=cctv.{town.pk}": "#details:not([hidden]) dd",
        f"/coverage/?tab=gaps{CENTRE}": "[data-gap-list] button",
        "/reports/": "html[data-ready=reports] .report-card",
        "/admin/": "#content-main",
        "/admin/layers/camera/": "#result_list",
        f"/admin/layers/camera/{town.pk}/change/": ".leaflet-container",
        f"/admin/layers/camera/{town.pk}/history/": "#content-main table",
        "/no-such-page": "main h1",
    }.items():
        page.goto("about:blank")
        page.goto(live_server.url + address)
        page.wait_for_selector(ready)
        found[address] = serious(page)
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize(("theme", "phone"), [("dark", True), ("light", False)])
def test_nothing_serious_where_a_gap_map_is_released_and_read(
    open_page: Open, town: Any, theme: str, phone: bool
) -> None:
    run = coverage_analyse()["run"]
    look = {"theme": theme, "phone": phone, "bypass_csp": True}
    page, _watch = open_page(f"/coverage/?tab=gaps{CENTRE}", user=city.person("pimpinan", "executive", of=Agency.objects.first()), **look)  # fmt: skip
    page.get_by_role("button", name="Buka peta celah ini untuk umum").click()
    page.locator("dialog textarea").wait_for()
    found = {"dialog": serious(page)}
    page.locator("dialog textarea").fill("dibahas di DPRD")
    page.locator("dialog").get_by_role("button", name="Buka peta celah ini untuk umum").click()
    page.locator("a[href^='/decisions/gaps/']").wait_for()
    found["release box"] = serious(page)
    for address, ready in {
        "/decisions/": "main h1",
        f"/decisions/gaps/{run}/": "html[data-ready=released-gaps] [data-rank]",
    }.items():
        page, _watch = open_page(address, ready=ready, **look)
        found[address] = serious(page)
    assert {where: what for where, what in found.items() if what} == {}


#: What the focused element is, whether it can be seen, has a name and shows that it has the focus.
FOCUSED = """() => {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const holder = el.closest('label, .search-box') ?? el;
  // Noted now: a list that is drawn anew meanwhile loses its marks.
  const inside = [];
  for (let one = el; one; one = one.parentElement) inside.push(`#${one.id}`, one.getAttribute('name') ?? '', ...one.classList);
  const shows = [el, holder].some((one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  });
  const box = holder.getBoundingClientRect();
  const labels = [...(el.labels ?? [])].map((label) => label.textContent).join(' ');
  const name = el.getAttribute('aria-label') || document.getElementById(el.getAttribute('aria-labelledby'))?.textContent
    || labels || el.textContent || el.title || el.placeholder || '';
  const walked = (el.dataset.walked = el.dataset.walked ? 'twice' : 'once');
  return {
    what: `${el.tagName}#${el.id}.${el.className}`, name: name.trim(), shows, again: walked === 'twice', inside,
    seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
  };
}"""


def walk(page: Any, *, limit: int = 160) -> list[dict[str, Any]]:
    """Everything that Tab reaches, in order, until it leaves the page or comes round again."""
    found = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None or here["again"]:
            return found
        found.append(here)
    raise AssertionError(f"Tab never came round: {found[-3:]}")


@pytest.mark.parametrize(
    ("address", "role", "reaches"),
    [
        ("/", "", ["#search", "#layers", "leaflet-control-zoom"]),
        ("/coverage/", "planner", ["#run-bar", "#tabs", "#areas", "#search"]),
        ("/coverage/?tab=gaps", "planner", ["#gaps", "#tabs"]),
        ("/coverage/?tab=point", "planner", ["click-mode"]),
        ("/dispatch/", "dispatcher", ["#command", "#queue", "#units", "#side", "#search"]),
    ],
)
def test_every_page_is_walked_by_keyboard(
    open_page: Open, town: Any, address: str, role: str, reaches: list[str]
) -> None:
    if role == "planner":
        coverage_analyse()
    page, watch = open_page(address + CENTRE, user=city.person("pe", role) if role else None)
    found = walk(page)
    assert [stop for stop in found if not (stop["name"] and stop["seen"] and stop["shows"])] == []
    walked = " ".join(stop["what"] for stop in found)
    for part in reaches:
        assert any(part in stop["inside"] for stop in found), f"{part} not in {walked}"
    watch.assert_clean()


def test_the_first_stop_leads_to_the_content(open_page: Open, town: Any) -> None:
    page, watch = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    watch.assert_clean()


def test_somebody_logs_in_by_keyboard(open_page: Open) -> None:
    city.person("perencana", "planner")
    page, watch = open_page("/login/?next=/coverage/", ready="#id_username")
    page.keyboard.type("perencana")
    page.keyboard.press("Tab")
    page.keyboard.type("perencana" * 2)
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready=coverage]", state="attached")
    watch.assert_clean()


def test_search_details_and_layers_by_keyboard(open_page: Open, town: Any) -> None:
    page, watch = open_page(f"/{CENTRE}")
    page.keyboard.press("/")
    page.keyboard.type("CCTV-1")
    page.wait_for_selector("#search-results [role=option]")
    page.keyboard.press("ArrowDown")
    field = page.locator("#search input")
    assert field.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    page.wait_for_selector("#details:not([hidden]) dd")
    # The panel takes the focus, so that it is read out; Escape closes it.
    assert page.evaluate("document.activeElement.closest('#details') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    assert page.evaluate("document.activeElement !== null")
    toggle = page.locator(".layers-toggle")
    toggle.focus()
    before = toggle.get_attribute("aria-expanded")
    page.keyboard.press("Enter")
    assert toggle.get_attribute("aria-expanded") != before
    watch.assert_clean()


def test_a_gap_and_the_click_mode_by_keyboard(open_page: Open, town: Any) -> None:
    coverage_analyse()
    page, watch = open_page(f"/coverage/?tab=point{CENTRE}", user=city.person("pe", "planner"))
    page.locator("input[value='look']").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#point-view").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator("#camera-trial").is_visible()
    page.locator("#tab-point").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-gaps"
    gap = page.locator("[data-gap-list] button").first
    gap.focus()
    page.keyboard.press("Enter")
    assert gap.get_attribute("aria-pressed") == "true"
    watch.assert_clean()


def test_a_place_is_set_by_keyboard_in_the_administration(open_page: Open, town: Any) -> None:
    page, watch = open_page(
        f"/admin/layers/camera/{town.pk}/change/",
        user=city.person("root", is_superuser=True),
        ready=".leaflet-container",
    )
    canvas = page.locator(".geometry-map__canvas")
    canvas.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(350)
    page.keyboard.press("Enter")
    lon = float(page.locator("[data-axis='lon']").input_value())
    assert lon > city.LON + 1e-4
    page.locator("[data-axis='lat']").fill("-7.9812345")
    page.locator("input[name='_save']").click()
    page.wait_for_selector(".messagelist .success")
    town.refresh_from_db()
    assert (town.geom.x, town.geom.y) == pytest.approx((lon, -7.9812345), abs=1e-9)
    watch.assert_clean()
