"""Indonesian first in the browser: what is on the screen, and the switch to English and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from layers.coverage.analysis import coverage_analyse
from layers.dispatch.recommendation import units_nearest
from tests import city
from tests.factories import make_incident, make_unit
from tests.pages.test_language import catalogue_of_po

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
CENTRE = f"#17/{city.LAT}/{city.LON}"
#: Every text a reader may come upon, names for screen readers included.
TEXTS = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest('script, style')) found.add(walker.currentNode.textContent.trim());
  }
  for (const el of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
    for (const name of ['aria-label', 'title', 'placeholder']) if (el.hasAttribute(name)) found.add(el.getAttribute(name).trim());
  }
  return [...found].filter(Boolean);
}"""


def english() -> re.Pattern[str]:
    """The English texts that have another wording in Indonesian, values filled in."""
    found, _fuzzy = catalogue_of_po()
    indonesian = set(found.values())
    texts = [
        re.sub(r"\\\{\w+\\\}|%\\\(\w+\\\)[sd]", ".+", re.escape(msgid))
        for (_context, msgid), text in found.items()
        if msgid and msgid != text and msgid not in indonesian
    ]
    return re.compile("|".join(texts), re.IGNORECASE)


@pytest.fixture
def town(settings: Any, tmp_path: Any) -> Any:
    """Something of everything that a console can say."""
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    import_module("layers.migrations.0002_reference").load(apps, None)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.area("35.73.01.1001", "Klojen")
    city.street("Jalan Ijen", (-6, 0.6), (6, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (0, 0.1), (0, 4), road_class="secondary", minz=10)
    make_incident("N-1", lon=city.LON + 0.002, lat=city.LAT)
    make_unit("DAMKAR-1", lon=city.LON + 0.001, lat=city.LAT + 0.0006)
    make_unit("DAMKAR-2", status="out_of_service")
    city.camera("CCTV-2", lon=city.LON + 0.001, status="failed")
    return city.camera("CCTV-1", owner=city.agency(), heading_deg=0.0)


def test_nothing_english_is_left_on_the_consoles(open_page: Open, town: Any) -> None:
    coverage_analyse()
    units_nearest(city.LON, city.LAT, build=True)
    pattern = english()
    boss = city.person("bos", is_superuser=True)

    def left(page: Any) -> list[str]:
        texts = [text for text in page.evaluate(TEXTS) if pattern.fullmatch(text)]
        # Names in the data are nobody's to translate, and N is a key.
        return [text for text in texts if text not in {town.name, town.site.name, "N"}]

    page, _watch = open_page(f"/{CENTRE}", language="en")
    assert len(left(page)) > 20  # so that the check is known to see
    page, watch = open_page(f"/{CENTRE}&s=cctv.{town.pk}", user=boss)
    page.wait_for_selector("#details:not([hidden]) dd")
    assert left(page) == []
    page, watch = open_page(f"/dispatch/{CENTRE}", user=boss)
    page.locator("[data-queue] [data-row]").first.click()
    page.wait_for_selector("[data-card] > *")
    assert left(page) == []
    page.locator("#tab-call").click()
    assert left(page) == []
    page.locator("#tab-place").click()
    assert left(page) == []
    watch.assert_clean()
    coverage_analyse(subject="wifi")
    page, watch = open_page(f"/coverage/{CENTRE}", user=boss)
    for tab in ("seen", "gaps", "redundancy", "history", "wifi", "weights"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_timeout(300)
        assert left(page) == [], tab
    page.locator("#tab-point").click()
    page.get_by_label("coba kamera").check(force=True)
    page.wait_for_selector("#camera-trial dd")
    assert left(page) == []
    watch.assert_clean()


def test_an_english_browser_gets_indonesian_until_the_switch_says_otherwise(
    open_page: Open, town: Any
) -> None:
    page, watch = open_page("/", language="en")
    page.context.clear_cookies()
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate("navigator.language") == "en-GB"
    assert page.evaluate("document.documentElement.lang") == "id"
    assert page.locator("nav a[aria-current=page]").inner_text() == "Peta"
    page.get_by_role("button", name="EN", exact=True).click()
    page.wait_for_selector("html[data-ready][lang=en]", state="attached")
    assert page.locator("nav a[aria-current=page]").inner_text() == "Map"
    page.get_by_role("button", name="ID", exact=True).click()
    page.wait_for_selector("html[data-ready][lang=id]", state="attached")
    watch.assert_clean()
