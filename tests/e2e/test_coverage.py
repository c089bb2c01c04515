"""The coverage console in a browser: a planner weighs, analyses, compares and takes the numbers away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.db import connection

from layers.assets.models import Camera, WifiHotspot
from layers.coverage.analysis import coverage_analyse
from layers.coverage.figures.models import CoverageLoss
from layers.coverage.models import CoverageRun, DemandProfile
from layers.jobs.models import Job, JobState
from layers.jobs.runner import job_run
from tests import city
from tests.factories import make_area, make_camera, make_incident

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
LON, LAT = city.LON, city.LAT
CENTRE = f"#16/{LAT}/{LON}"
TABS = ("seen", "gaps", "redundancy", "history", "wifi", "weights", "point")


@pytest.fixture
def town() -> None:
    """Two streets, three cameras, a hotspot, an incident, one kelurahan; two runs of cameras, one of wifi."""
    import_module("layers.migrations.0002_reference").load(apps, None)
    box = (LON - 0.02, LAT - 0.02, LON + 0.02, LAT + 0.02)
    kota = make_area("35.73", box=box)
    klojen = make_area("35.73.01", level="kecamatan", parent=kota, box=box, name="Klojen")
    make_area("35.73.01.1001", level="kelurahan", parent=klojen, box=box, name="Kauman", population=4000)  # fmt: skip
    city.street("Jalan Ijen", (-6, 0.6), (6, 0.6), road_class="primary", minz=9)
    city.street("Jalan Semeru", (0, 0.1), (0, 4), road_class="secondary", minz=10)
    make_incident("N-1", lon=LON + 0.002, lat=LAT)
    for number, status in (("1", "active"), ("2", "active"), ("3", "failed")):
        make_camera(f"K{number}", lon=LON, lat=LAT + 0.0006 * int(number), status=status, name=f"Kamera {number}")  # fmt: skip
    WifiHotspot.objects.create(code="W1", name="Alun-alun", reach_m=80, geom=Camera.objects.get(code="K1").geom)  # fmt: skip
    Camera.objects.filter(code="K2").update(status="planned")
    coverage_analyse()
    Camera.objects.filter(code="K2").update(status="active")
    coverage_analyse()
    coverage_analyse(subject="wifi")


def worker(job: Job) -> threading.Thread:
    """Works the job beside the browser."""

    def work() -> None:
        job_run(job.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_planner_saves_weights_and_analyses_with_them(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/?tab=weights{CENTRE}", user=city.person("pe", "planner"))
    assert page.locator("[name=incident_weight]").input_value() == "1"
    page.fill("[name=incident_weight]", "4")
    page.fill("[name=window_days]", "90")
    page.locator("summary", has_text="Pengali tiap jenis").click()
    page.fill("[data-kind=fire]", "2.5")
    assert "belum disimpan" in page.locator("[data-profile-state]").inner_text()
    page.fill(".weights [name=name]", "Malam <b>")
    assert "profil baru" in page.locator("[data-profile-state]").inner_text()
    page.get_by_role("button", name="Simpan bobot").click()
    page.locator(".toast", has_text="Bobot disimpan").wait_for()
    saved = DemandProfile.objects.get(name="Malam <b>")
    assert (saved.incident_weight, saved.window_days, saved.incident_kinds) == (4.0, 90.0, {"fire": 2.5})  # fmt: skip
    assert DemandProfile.objects.get(is_default=True).name != saved.name
    # Somebody else saves in between: the form keeps what was typed.
    DemandProfile.objects.filter(pk=saved.pk).update(version=5)
    page.fill("[name=incident_weight]", "7")
    page.get_by_role("button", name="Simpan bobot").click()
    page.locator(".toast[data-kind=bad]").wait_for()
    assert page.locator("[name=incident_weight]").input_value() == "7"

    page.locator(".drop summary", has_text="Analisis baru").click()
    page.select_option("[data-new-run] [name=profile]", "Malam <b>")
    page.select_option("[data-new-run] [name=level]", "observe")
    page.get_by_role("button", name="Analisis", exact=True).dblclick()
    page.locator("[data-job] [data-step]").wait_for()
    job = Job.objects.get(kind="coverage.analyse")
    thread = worker(job)
    page.locator(".toast", has_text="selesai").wait_for(timeout=30_000)
    thread.join()
    run = CoverageRun.objects.latest("pk")
    assert (run.level, run.parameters["profile"]["name"]) == ("observe", "Malam <b>")
    assert "Malam <b>" in page.locator("[data-run-facts]").inner_text()
    assert page.locator("[data-run-choice]").input_value() == str(run.pk)
    watch.failed = [line for line in watch.failed if "409" not in line]
    watch.errors = [line for line in watch.errors if "409" not in line]
    watch.assert_clean()


def test_a_planner_cancels_an_analysis(open_page: Open, town: None) -> None:
    before = CoverageRun.objects.count()
    page, watch = open_page(f"/coverage/{CENTRE}", user=city.person("pe", "planner"))
    page.locator(".drop summary", has_text="Analisis baru").click()
    page.get_by_role("button", name="Analisis", exact=True).click()
    page.locator("[data-job]", has_text="Menunggu pekerja").wait_for()
    page.locator("[data-cancel]").click()
    page.locator(".toast", has_text="dihentikan").wait_for()
    assert Job.objects.get(kind="coverage.analyse").state == JobState.CANCELLED
    assert CoverageRun.objects.count() == before
    assert page.locator("[data-job]").is_hidden()
    watch.assert_clean()


def test_what_failures_cost_and_what_changed_between_two_runs(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/?tab=redundancy{CENTRE}", user=city.person("pe", "planner"))  # fmt: skip
    page.locator("#redundancy .rank-row").first.wait_for()
    last = CoverageRun.objects.filter(subject="cameras").latest("pk")
    worst = CoverageLoss.objects.get(run=last, kind="camera", rank=1)
    assert worst.name in page.locator("#redundancy .rank-row").first.inner_text()
    page.get_by_label("titik", exact=True).check(force=True)
    page.locator("#redundancy .rank-row", has_text="1 kamera").first.click()
    page.get_by_role("tab", name="Riwayat").click()
    page.locator(".history-chart circle").first.wait_for()
    assert page.locator(".history-chart circle").count() == 4
    page.get_by_role("button", name="Bandingkan").click()
    page.locator(".won-lost").wait_for()
    text = page.locator("[data-comparison]").inner_text()
    first, second = CoverageRun.objects.filter(subject="cameras").order_by("pk")
    won = second.figures["street_covered_m"]["detect"] - first.figures["street_covered_m"]["detect"]
    assert f"{won:.1f} m didapat".replace(".", ",") in text
    assert "0 m hilang" in text
    assert "Baru dihitung: 1" in text
    page.get_by_role("tab", name="Wifi").click()
    page.locator("[data-wifi] .headline-number").wait_for()
    page.locator("#wifi .rank-row", has_text="Alun-alun").wait_for()
    page.get_by_role("tab", name="Terlihat").click()
    page.locator("#areas .row-button").first.click()
    assert page.locator("#tab-gaps").get_attribute("aria-selected") == "true"
    assert page.locator("[data-gap-area]").input_value() == "35.73.01.1001"
    watch.assert_clean()


def test_the_numbers_come_as_files(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/{CENTRE}", user=city.person("pe", "planner"))
    page.locator(".drop summary", has_text="Unduh angka").click()
    with page.expect_download() as waiting:
        page.locator("[data-files] a", has_text="XLSX").click()
    run = CoverageRun.objects.filter(subject="cameras").latest("pk").pk
    assert waiting.value.suggested_filename == f"ncc-coverage-{run}.xlsx"
    with open(waiting.value.path(), "rb") as file:
        assert file.read(2) == b"PK"
    watch.assert_clean()


def test_who_may_only_read_is_offered_nothing_to_change(open_page: Open, town: None) -> None:
    page, watch = open_page(f"/coverage/?tab=weights{CENTRE}", user=city.person("po", "police_liaison"))  # fmt: skip
    assert page.locator("[data-new-run]").count() == 0
    assert page.locator("[name=incident_weight]").is_disabled()
    assert "Hanya perencana" in page.locator("[data-profile-state]").inner_text()
    watch.assert_clean()


@pytest.mark.parametrize(("theme", "phone"), [("dark", False), ("light", True)])
def test_every_tab_holds_for_aids_and_fits_a_phone(open_page: Open, town: None, theme: str, phone: bool) -> None:  # fmt: skip
    page, watch = open_page(
        f"/coverage/{CENTRE}", user=city.person("pe", "planner"), theme=theme, phone=phone, bypass_csp=True
    )  # fmt: skip
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
        page.wait_for_timeout(400)
        if tab == "history":
            page.get_by_role("button", name="Bandingkan").click()
            page.locator(".won-lost").wait_for()
        found = [
            (item["id"], [node["html"][:160] for node in item["nodes"][:3]])
            for item in Axe().run(page).response["violations"]
            if item["impact"] in ("serious", "critical")
        ]
        assert found == [], tab
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, tab
    watch.assert_clean()
