"""The citizen's door in a browser: a thumb on the map, a report sent, its page; readable by everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from layers.incidents.models import IncidentType
from layers.incidents.reports.models import CitizenReport
from layers.incidents.reports.service import report_create
from tests import city

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]


def serious(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_citizen_reports_from_the_phone(open_page: Open, settings: Any, tmp_path: Any, theme: str) -> None:  # fmt: skip
    settings.NCC_VAR = tmp_path
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.street("Jalan Ijen", (-6, 0.6), (6, 0.6), road_class="primary", minz=9)
    IncidentType.objects.create(code="flood", name="Banjir <b>", name_en="Flood")
    page, watch = open_page(
        "/report/", phone=True, theme=theme, bypass_csp=True, permissions=["geolocation"],
        geolocation={"latitude": city.LAT, "longitude": city.LON, "accuracy": 12},
    )  # fmt: skip
    page.screenshot(path=str(tmp_path / f"report_{theme}.png"), full_page=True)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.select_option("#report-type", "flood")
    page.locator("#report-here").click()
    page.wait_for_selector(".place-mark")
    page.wait_for_function("document.querySelector('#report-place').textContent.includes('12')")
    assert float(page.input_value("[name=lat]")) == pytest.approx(city.LAT, abs=1e-5)
    page.locator(".leaflet-container").click(position={"x": 60, "y": 60})
    assert float(page.input_value("[name=lat]")) > city.LAT
    page.fill("#report-description", "<script>alert(1)</script>")
    page.locator("form#report-form button.is-primary").click()
    page.wait_for_selector("dl.fields")
    assert serious(page) == []
    report = CitizenReport.objects.get()
    assert page.url.endswith(f"/report/{report.token}/")
    assert "Banjir <b>" in page.inner_text("dl.fields")
    watch.assert_clean()


@pytest.mark.parametrize("phone", [False, True])
def test_the_queue_is_readable_by_everybody(open_page: Open, settings: Any, tmp_path: Any, phone: bool) -> None:  # fmt: skip
    settings.NCC_VAR = tmp_path
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    IncidentType.objects.create(code="flood", name="Banjir", name_en="Flood")
    report_create(channel="page", type_code="flood", source="1", lon=city.LON, lat=city.LAT, description="Air setinggi lutut")  # fmt: skip
    boss = city.person("root", is_superuser=True)
    page, watch = open_page("/triage/", user=boss, phone=phone, theme="light" if phone else "dark", bypass_csp=True)  # fmt: skip
    page.screenshot(path=str(tmp_path / f"triage_{phone}.png"), full_page=True)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("input[name=reason]", "Sudah ditangani")
    page.locator("button[value=reject]").click()
    page.wait_for_selector(".messages")
    assert CitizenReport.objects.get().state == "rejected"
    watch.assert_clean()
