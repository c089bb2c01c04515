"""The planning page in a browser: from the worst gap to the printed plan, in Indonesian."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.gis.geos import LineString
from django.db import connections

from layers.access.models import Role
from layers.coverage.analysis import coverage_analyse
from layers.coverage.plans import services
from layers.coverage.plans.models import Plan, PlanStep, SiteRequest
from layers.jobs.models import Job
from layers.jobs.runner import job_run
from layers.network.models import Road
from tests import city
from tests.coverage.plans.test_lifecycle import go
from tests.exporters.test_plan_documents import pdf_words
from tests.factories import make_agency, make_building, make_camera

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
LON, LAT = city.LON, city.LAT
CENTRE = f"#16/{LAT}/{LON}"
SCRIPT = "</script><script>document.title='owned'</script>"
BUDGET = "150000000"


@pytest.fixture
def town(settings: Any, tmp_path: Path) -> None:
    """Two streets that cross, one of them with a hostile name, and a house."""
    settings.NCC_SCENE_DIR = tmp_path / "scenes"
    # Tests that commit leave the tables empty, the rows that every installation has included.
    import_module("layers.migrations.0002_reference").load(apps, None)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.05)
    city.area("35.73.02", "Klojen", level="kecamatan", size_deg=0.04)
    city.area("35.73.02.1001", "Kauman", size_deg=0.03)
    for name, ends in (
        ("Jalan Ijen", ((-4, 0), (0, 0), (4, 0))),
        (SCRIPT, ((0, -4), (0, 0), (0, 4))),
    ):
        points = [(LON + dx / 1000, LAT + dy / 1000) for dx, dy in ends]
        Road.objects.create(name=name, road_class="residential", minz=12, geom=LineString(points, srid=4326))  # fmt: skip
    make_building((LON + 0.0003, LAT + 0.0003, LON + 0.0008, LAT + 0.0008), height_m=9)


@pytest.fixture
def worker() -> Any:
    """A worker of the test's own: takes plan jobs as they come."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            for job in Job.objects.filter(kind="coverage.plan", state="queued").values_list("pk", flat=True):  # fmt: skip
                job_run(job)
            time.sleep(0.1)
        connections.close_all()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=60)


def drag(page: Any, order: int, dx: int, dy: int) -> None:
    """Drag the mark of a site by so many pixels."""
    mark = page.locator(".leaflet-marker-pane .site-mark", has_text=re.compile(f"^{order}$"))
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(x + dx * step / 5, y + dy * step / 5)
    page.mouse.up()


def reason(page: Any, text: str, confirm: str) -> None:
    """Answer the dialog that asks why."""
    page.locator("#reason-text").fill(text)
    page.locator("dialog").get_by_role("button", name=confirm, exact=True).click()


def test_from_the_worst_gap_to_the_printed_plan(
    open_page: Open, town: None, worker: None, tmp_path: Path
) -> None:
    run = coverage_analyse()
    planner = city.person("perencana", Role.PLANNER, of=make_agency("diskominfo"))
    police = city.person("polisi", Role.POLICE_LIAISON, of=make_agency("polresta"), first_name="Penghubung Polresta")  # fmt: skip

    page, watch = open_page(f"/coverage/{CENTRE}", user=planner)
    page.set_default_timeout(120_000)
    page.locator("#tab-gaps").click()
    worst = page.locator("[data-gap-list] button").first
    worst.wait_for()
    assert run["gaps"][0]["area_name"] in worst.inner_text()
    worst.click()
    page.get_by_role("link", name="Rencanakan di sini").click()
    page.wait_for_selector("html[data-ready='planning']", state="attached")
    assert page.locator("#plan-area").input_value() == run["gaps"][0]["area"]
    page.locator("#plan-name").fill("Titik baru 2027")
    page.locator("#plan-sites").fill("3")
    page.locator("#plan-budget").fill(BUDGET)
    page.get_by_label("zona larangan").check(force=True)
    page.get_by_label("tidak ada").check(force=True)
    page.locator("#plan-time").select_option("20")
    page.get_by_role("button", name="Buat rencana").dblclick()
    page.wait_for_selector("[data-site]", timeout=180_000)
    assert Job.objects.filter(kind="coverage.plan").count() == 1
    plan = Plan.objects.get()
    assert plan.sites.count() == 3
    assert plan.cost_idr <= int(BUDGET)
    assert "konsep" in page.locator("[data-plan-head]").inner_text()
    assert "batas atas terbukti" in page.locator("[data-plan-figures]").inner_text().lower()
    assert "owned" not in page.title()

    for order, (dx, dy) in ((1, (45, 0)), (2, (0, 40))):
        site = plan.sites.get(order=order)
        drag(page, order, dx, dy)
        page.locator(".toast", has_text=f"Titik {order}: tambahan").first.wait_for(timeout=60_000)
        after = plan.sites.get(order=order)
        assert after.geom.distance(site.geom) > 1e-5
        assert after.version == site.version + 1
    shown = page.locator("[data-plan-figures]").inner_text()
    gain = sum(site.gain for site in plan.sites.all())
    assert f"{gain:,.0f}".replace(",", ".") in shown
    page.get_by_role("button", name="Kirim ke kepolisian").click()
    reason(page, "Mohon tinjauan Polresta", "Kirim ke kepolisian")
    page.locator("[data-plan-head] .chip", has_text="dikirim ke kepolisian").wait_for()

    page.context.close()
    theirs, watched = open_page(f"/planning/{CENTRE}", user=police)
    theirs.set_default_timeout(120_000)
    theirs.locator(".plan-row", has_text="Titik baru 2027").click()
    row = theirs.locator("[data-site] .rank-row").nth(1)
    row.click()
    theirs.locator("[data-site] .rank-row").nth(1).focus()
    theirs.keyboard.press("t")
    theirs.locator("#reason-text").wait_for()
    theirs.locator("dialog").get_by_role("button", name="Tolak", exact=True).click()
    assert theirs.locator("dialog").is_visible()
    reason(theirs, "Di tanah warga", "Tolak")
    theirs.locator("[data-site]", has_text="Di tanah warga").wait_for(timeout=60_000)
    theirs.locator("[data-site] .rank-row").nth(0).focus()
    theirs.keyboard.press("d")
    theirs.locator("[data-site]", has_text="didukung").first.wait_for(timeout=60_000)
    theirs.get_by_role("button", name="Dukung 1 lainnya").click()
    theirs.get_by_text("3 dari 3 titik ditinjau").wait_for()
    assert sorted(plan.sites.values_list("review", flat=True)) == ["endorsed", "endorsed", "refused"]  # fmt: skip
    assert PlanStep.objects.filter(plan=plan, kind="refused", author=police).get().text == "Di tanah warga"  # fmt: skip
    watched.assert_clean()
    theirs.context.close()

    page, watch = open_page(f"/planning/?plan={plan.pk}{CENTRE}", user=planner)
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("link", name="PDF untuk DPRD").click()
    path = tmp_path / "plan.pdf"
    download.value.save_as(path)
    words = pdf_words(path.read_bytes())
    assert "Titik baru 2027" in words
    assert "Di tanah warga" in words
    assert "Penghubung Polresta" in words
    watch.assert_clean()


def test_a_stale_page_is_told_and_follows(open_page: Open, town: None, worker: None) -> None:
    from tests.coverage.plans.conftest import stored_plan

    planner = city.person("perencana", Role.PLANNER)
    other = city.person("rekan", Role.PLANNER, first_name="Tio")
    plan = stored_plan(planner)
    page, _watch = open_page(f"/planning/?plan={plan.pk}{CENTRE}", user=planner)
    page.locator("[data-site]").first.wait_for()
    services.plan_move_on(plan.pk, to="sent", version=plan.version, reason="lebih dulu", user=other)
    page.get_by_role("button", name="Tolak").first.click()
    reason(page, "tidak perlu", "Tolak")
    page.locator(".toast", has_text="Tio").wait_for()
    page.locator("[data-plan-head] .chip", has_text="dikirim ke kepolisian").wait_for()
    plan.refresh_from_db()
    assert plan.state == "sent"


def test_an_agency_asks_and_follows_its_request(open_page: Open, town: None) -> None:
    operator = city.person("operator", Role.AGENCY_OPERATOR)
    page, watch = open_page(f"/planning/{CENTRE}", user=operator, phone=True)
    assert page.locator("[data-tab='list']").count() == 0
    page.get_by_text("Ajukan kamera").click()
    page.get_by_role("button", name="Taruh di tengah peta").click()
    page.locator("[data-where]", has_text="menambah").wait_for(timeout=120_000)
    page.get_by_label("Pemohon").fill("Kelurahan Kauman")
    page.get_by_label("Alasan").fill(SCRIPT)
    page.get_by_role("button", name="Kirim permohonan").click()
    page.locator("[data-request-list] .rank-row", has_text="Kelurahan Kauman").click()
    page.locator(".row-detail .timeline").wait_for(timeout=60_000)
    assert SCRIPT in page.locator(".row-detail").inner_text()
    assert SiteRequest.objects.get().street == "Jalan Ijen" or SiteRequest.objects.get().street == SCRIPT  # fmt: skip
    assert "owned" not in page.title()
    watch.assert_clean()


def test_two_plans_stand_side_by_side(open_page: Open, town: None) -> None:
    from tests.coverage.plans.conftest import stored_plan

    planner = city.person("perencana", Role.PLANNER)
    stored_plan(planner, name="Rencana A")
    stored_plan(planner, at_m=(-100.0, 100.0), name="Rencana B")
    page, watch = open_page(f"/planning/?view=compare{CENTRE}", user=planner)
    table = page.locator("[data-compared] table").first
    table.wait_for()
    words = table.inner_text()
    assert "Rencana A" in words
    assert "Rencana B" in words
    assert re.search(r"titik\s+2\s+3\s+\+1", words)
    page.locator(".leaflet-marker-pane .compare-mark.is-first").nth(1).wait_for(state="attached")
    assert page.locator(".leaflet-marker-pane .compare-mark.is-first").count() == 2
    assert page.locator(".leaflet-marker-pane .compare-mark.is-second").count() == 3
    assert "Rencana B" in page.locator("[data-compare-key]").inner_text()
    page.locator("[data-tab='list']").click()
    assert page.locator(".leaflet-marker-pane .compare-mark").count() == 0
    watch.assert_clean()


def test_every_option_of_the_form_reaches_the_question(open_page: Open, town: None) -> None:
    planner = city.person("perencana", Role.PLANNER)
    page, watch = open_page(f"/planning/?view=new{CENTRE}", user=planner)
    page.locator("#plan-name").fill("Bagian")
    page.get_by_label("titik paling sedikit untuk suatu bagian").check(force=True)
    assert not page.locator("#plan-budget").is_visible()
    page.locator("#plan-share").fill("40")
    page.get_by_label("boleh diputar atau diganti").check(force=True)
    assert page.locator("#plan-backup").is_disabled()
    page.locator("#plan-apart").fill("75")
    page.get_by_text("Pengaturan lain").click()
    page.locator("#plan-cameras").fill("2")
    page.locator("#plan-headings").select_option("90")
    page.locator("#plan-turn-cost").fill("750000")
    page.get_by_role("button", name="Buat rencana").click()
    page.locator("[data-running]").wait_for()
    asked = Job.objects.get(kind="coverage.plan").params
    assert (asked["share"], asked["sites"], asked["budget_idr"]) == (0.4, None, None)
    assert (asked["re_aim"], asked["swap"], asked["re_aim_cost_idr"]) == (True, True, 750_000)
    assert (asked["backup_share"], asked["min_distance_m"], asked["cameras_per_site"]) == (0, 75, 2)
    assert asked["headings_deg"] == [0, 90, 180, 270]
    page.get_by_role("button", name="Batalkan").click()
    page.locator(".toast", has_text="tidak ada yang disimpan").wait_for()
    assert Job.objects.get(kind="coverage.plan").state == "cancelled"
    watch.assert_clean()


def test_cameras_to_turn_are_listed_and_a_plan_is_renamed(open_page: Open, town: None) -> None:
    from tests.coverage.plans.conftest import stored_plan, stored_turn

    planner = city.person("perencana", Role.PLANNER)
    plan = stored_plan(planner)
    plan.parameters |= {"re_aim": True, "notes": [SCRIPT]}
    camera = make_camera("KAM-7", lon=LON, lat=LAT, heading_deg=90.0)
    turn = stored_turn(plan, camera, heading_deg=180.0, gain=1234.0)
    plan.status = "cancelled"
    plan.save(update_fields=["parameters", "status"])
    page, watch = open_page(f"/planning/?plan={plan.pk}{CENTRE}", user=planner)
    row = page.locator("[data-turned-list] .rank-row", has_text="KAM-7")
    row.wait_for()
    assert re.search(r"dari 90°.* ke 180°", row.inner_text())
    assert "1.234" in row.inner_text()
    assert page.locator("path.turn-ray").count() == 2
    assert "dihentikan lebih awal" in page.locator("[data-plan-figures]").inner_text()
    page.get_by_role("button", name="Ganti nama").click()
    page.locator("#text-answer").fill("Titik 2028")
    page.locator("dialog").get_by_role("button", name="Ganti nama").click()
    page.locator("[data-plan-head] h2", has_text="Titik 2028").wait_for()
    page.locator(".timeline", has_text="diganti nama").first.wait_for()
    plan.refresh_from_db()
    assert plan.name == "Titik 2028"
    watch.assert_clean()
    go(plan, Plan.State.SENT, planner)
    page, watch = open_page(f"/planning/?plan={plan.pk}{CENTRE}", user=city.person("polisi", Role.POLICE_LIAISON))  # fmt: skip
    page.locator("[data-turned-list] .rank-row").click()
    page.locator("[data-turned-list]").get_by_role("button", name="Tolak").click()
    page.locator("dialog textarea").fill("pohon di depannya")
    page.locator("dialog").get_by_role("button", name="Tolak").click()
    page.locator("[data-turned-list] .under", has_text="pohon di depannya").wait_for()
    assert page.locator("path.turn-ray").count() == 1
    page.locator(".timeline", has_text="kamera KAM-7: ditolak").first.wait_for()
    turn.refresh_from_db()
    assert (turn.review, turn.gain) == ("refused", 0.0)
    page.locator("[data-turned-list]").get_by_role("button", name="Tinjau ulang").click()
    page.locator("[data-plan-review]").get_by_role("button", name="Dukung 4 lainnya").click()
    page.locator("[data-turned-list] .under", has_text="didukung").wait_for()
    watch.assert_clean()
    for state in (Plan.State.STUDY, Plan.State.BUDGETED, Plan.State.APPROVED):
        go(plan, state, planner)
    page, watch = open_page(f"/planning/?plan={plan.pk}{CENTRE}", user=planner)
    page.locator("[data-plan-build]").get_by_role("button", name="Konfirmasi 1 kamera sudah diputar").click()  # fmt: skip
    page.locator("[data-turned-list] .under", has_text="sudah diputar").wait_for()
    camera.refresh_from_db()
    assert camera.heading_deg == 180.0
    watch.assert_clean()


@pytest.mark.parametrize(("theme", "phone"), [("dark", False), ("light", True)])
def test_nothing_serious_on_the_planning_page(
    open_page: Open, town: None, theme: str, phone: bool
) -> None:
    from tests.coverage.plans.conftest import stored_plan, stored_turn
    from tests.e2e.test_accessibility import serious

    planner = city.person("perencana", Role.PLANNER)
    plan = stored_plan(planner)
    stored_turn(plan, make_camera("KAM-7", lon=LON, lat=LAT, heading_deg=90.0))
    stored_plan(planner, name="Rencana B")
    services.plan_comment(plan.pk, text="lihat pohon", place=(LON, LAT), user=planner)
    page, _watch = open_page(f"/planning/{CENTRE}", user=planner, theme=theme, phone=phone, bypass_csp=True)  # fmt: skip
    found = {"list": serious(page)}
    for tab in ("new", "requests", "compare"):
        page.locator(f"[data-tab='{tab}']").click()
        page.locator(f"[data-part='{tab}']").wait_for()
        found[tab] = serious(page)
    page.locator("[data-tab='list']").click()
    page.locator(".plan-row").last.click()
    page.locator("[data-site] .rank-row").first.click()
    page.locator(".row-detail").wait_for()
    found["plan"] = serious(page)
    page.get_by_role("button", name="Kirim ke kepolisian").click()
    found["dialog"] = serious(page)
    assert {where: what for where, what in found.items() if what} == {}


def test_released_decisions_are_a_page_for_everybody(open_page: Open, town: None) -> None:
    from tests.coverage.plans.conftest import stored_plan

    planner = city.person("perencana", Role.PLANNER)
    plan = stored_plan(planner, name=SCRIPT)
    services.plan_move_on(plan.pk, to="rejected", version=plan.version, reason="belum ada dana", user=planner)  # fmt: skip
    page, watch = open_page("/decisions/", ready="main h1")
    assert "Belum ada yang dibuka" in page.locator("main").inner_text()
    plan.refresh_from_db()
    services.plan_release(plan.pk, version=plan.version, reason="rapat terbuka", user=planner)
    page.reload()
    words = page.locator("main").inner_text()
    assert SCRIPT in words
    assert "belum ada dana" in words
    assert page.locator("tbody tr").count() == 3
    assert "owned" not in page.title()
    watch.assert_clean()


def test_a_gap_map_is_public_from_its_formal_release_on(open_page: Open, town: None) -> None:
    from layers.places.models import Agency

    run = coverage_analyse()["run"]
    chief = city.person("pimpinan", Role.EXECUTIVE, of=Agency.objects.first(), first_name="Wali Kota")  # fmt: skip
    page, watch = open_page(f"/coverage/{CENTRE}", user=chief)
    page.locator("#tab-gaps").click()
    page.locator("#gap-release", has_text="tidak melihat").wait_for(timeout=60_000)
    page.get_by_role("button", name="Buka peta celah ini untuk umum").click()
    reason(page, SCRIPT, "Buka peta celah ini untuk umum")
    page.locator("#gap-release", has_text="Dibuka untuk umum oleh Wali Kota").wait_for()
    assert "owned" not in page.title()
    watch.assert_clean()
    page.context.close()
    page, watch = open_page("/decisions/", ready="main h1")
    page.get_by_role("link", name="Jalan yang tidak terlihat kamera").click()
    page.wait_for_selector("html[data-ready='released-gaps']", state="attached")
    assert page.url.endswith(f"/decisions/gaps/{run}/") or f"/decisions/gaps/{run}/" in page.url
    assert SCRIPT in page.locator("#released-gaps").inner_text()
    page.locator("path.released-gap").first.wait_for(state="attached")
    page.locator("[data-rank]").first.click()
    assert "Wali Kota" not in page.locator("main").inner_text()
    watch.assert_clean()
