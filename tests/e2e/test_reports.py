"""The reports page: a supervisor sees the intervals, compares groups, follows a figure to its definition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from layers.incidents.models import Call, Incident
from tests import city
from tests.e2e.test_accessibility import serious
from tests.factories import make_incident

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]


@pytest.fixture
def boss() -> Any:
    """Two kelurahan, one incident in each: 300 s and 900 s from the call to the scene."""
    owner = city.agency()
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    west = city.area("35.73.01.1001", "<b>Klojen</b>")
    east = city.area("35.73.01.1002", "Kasin", lon=city.LON + 0.02)
    start = timezone.now() - timedelta(hours=2)
    for number, (area, wait) in enumerate([(west, 300), (east, 900)]):
        incident = make_incident(f"N-{number}", agency=owner, area=area, reported_at=start)
        Call.objects.create(code=f"C-{number}", arrived_at=start, answered_at=start + timedelta(seconds=4), incident=incident)  # fmt: skip
        Incident.objects.filter(pk=incident.pk).update(
            first_dispatch_at=start + timedelta(seconds=60), first_on_scene_at=start + timedelta(seconds=wait)
        )  # fmt: skip
    return city.person("pengawas", "supervisor", of=owner)


def test_a_supervisor_reads_compares_and_takes_away(open_page: Open, boss: Any) -> None:
    page, watch = open_page("/reports/", user=boss, ready="html[data-ready=reports]")
    card = page.locator(".report-card[aria-pressed=true]")
    assert "10 mnt 0 dtk" in card.inner_text()
    rows = page.locator("[data-groups] tbody tr")
    assert [text.split("\t")[0] for text in rows.all_inner_texts()] == ["Kasin", "<b>Klojen</b>"]
    assert page.locator("[data-chart] rect.bar").count() == 2
    page.get_by_role("button", name="Pemrosesan").click()
    assert "56 dtk" in page.locator(".report-card[aria-pressed=true]").inner_text()
    page.locator("[data-groups-title] a").click()
    assert page.evaluate("document.querySelector(':target').id") == "def-processing"
    # Every figure leads to what it means, not the chosen one alone.
    assert page.locator(".report-figure").count() == page.locator(".report-meaning").count() == 3
    page.get_by_role("link", name="Respons keseluruhan: artinya").click()
    assert page.evaluate("document.querySelector(':target').id") == "def-total_response"
    with page.expect_download() as download:
        page.locator("[data-file='rows.csv']").click()
    body = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert sum(line.startswith("total_response,") for line in body.splitlines()) == 2
    watch.assert_clean()


@pytest.mark.parametrize("phone", [False, True])
def test_a_chart_of_many_groups_is_reached_by_keyboard(
    open_page: Open, boss: Any, phone: bool
) -> None:
    start = timezone.now() - timedelta(hours=1)
    owner = Incident.objects.earliest("pk").agency
    for number in range(30):
        place = city.area(f"35.73.02.{1001 + number}", f"Kelurahan {number}")
        incident = make_incident(f"W-{number}", agency=owner, area=place, reported_at=start)
        Call.objects.create(code=f"W-{number}", arrived_at=start, answered_at=start, incident=incident)  # fmt: skip
        Incident.objects.filter(pk=incident.pk).update(first_dispatch_at=start, first_on_scene_at=start + timedelta(seconds=99))  # fmt: skip
    page, watch = open_page("/reports/", user=boss, phone=phone, bypass_csp=True, ready="html[data-ready=reports]")  # fmt: skip
    scroll = page.locator(".report-scroll")
    assert scroll.evaluate("node => node.scrollWidth > node.clientWidth")
    assert serious(page) == []
    scroll.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.report-scroll').scrollLeft > 0")
    watch.assert_clean()


def test_a_period_that_ends_before_it_starts_is_said_and_the_figures_stay(
    open_page: Open, boss: Any
) -> None:
    page, _watch = open_page("/reports/", user=boss, ready="html[data-ready=reports]")
    page.fill("[name=from]", "2026-05-02T00:00")
    page.fill("[name=to]", "2026-05-01T00:00")
    page.locator("[data-period] button").click()
    page.wait_for_selector(".toast[data-kind=bad]")
    assert page.locator(".report-card").count() == 3
