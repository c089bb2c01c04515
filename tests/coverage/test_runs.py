"""Runs as jobs, profiles, comparison and files, through services and the API."""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from django.db import connection
from django.db.models import Sum
from django.test import Client
from openpyxl import load_workbook

from layers.access.models import Role
from layers.assets.models import Camera
from layers.coverage.analysis import coverage_analyse
from layers.coverage.figures.compare import runs_compare
from layers.coverage.figures.models import CoverageLoss, CoverageTile
from layers.coverage.models import CoverageRun, CoverageStreet, DemandProfile
from layers.coverage.profiles import (
    Profile,
    profile_delete,
    profile_from,
    profile_named,
    profile_save,
)
from layers.coverage.tasks import analysis_enqueue
from layers.errors import Conflict, InvalidInput, NotFound
from layers.exporters.coverage import TABLES, run_export
from layers.jobs.models import Job, JobChunk, JobState
from layers.jobs.runner import job_run
from layers.jobs.services import job_cancel
from layers.network.models import Road
from layers.places.models import LayerBase
from tests.coverage.test_analysis import place, street
from tests.coverage.test_figures import MOMENT, shown, town
from tests.factories import make_agency, make_camera, make_user

pytestmark = pytest.mark.django_db


def planner() -> Any:
    """A planner's account."""
    return make_user("pe", (Role.PLANNER, make_agency()))


def finished(job: Job) -> CoverageRun:
    """The run of a job worked to its end in this process."""
    assert job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return CoverageRun.objects.get(pk=job.result["run"])


def test_a_job_gives_what_one_process_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.coverage.figures.order.timezone.now", lambda: MOMENT)
    monkeypatch.setattr("layers.coverage.figures.tiles.tile_boxes.__kwdefaults__", {"most": 6})
    town()
    whole = coverage_analyse()
    job = analysis_enqueue(user=planner(), level="detect")
    run = finished(job)
    assert shown(run.figures) == json.loads(json.dumps(shown(whole)))
    assert job.done == job.total == JobChunk.objects.filter(job=job, role="work").count() > 1
    assert not CoverageTile.objects.exists()
    assert not JobChunk.objects.filter(job=job, result__isnull=False).exists()
    fields = ("road_id", "start_m", "length_m", "demand", "cameras", "seen_level", "reach_level", "sole_code", "area_id")  # fmt: skip
    rows = [
        list(CoverageStreet.objects.filter(run_id=number).order_by("pk").values_list(*fields))
        for number in (whole["run"], run.pk)
    ]
    assert rows[0] == rows[1]
    again = finished(analysis_enqueue(user=None, repeat=run.pk))
    assert again.repeats_id == run.pk
    assert shown(again.figures) == shown(run.figures)


def test_a_cancelled_run_leaves_nothing_and_a_double_click_is_one_job() -> None:
    town(2)
    user = planner()
    first, second = analysis_enqueue(user=user, level="detect"), analysis_enqueue(user=user, level="detect")  # fmt: skip
    assert first.pk == second.pk
    assert analysis_enqueue(user=user, level="observe").pk != first.pk
    from layers.jobs import runner

    with runner.pulse_of(first) as pulse:
        assert runner._step(first.pk, pulse, False)
    first.refresh_from_db()
    assert (first.state, first.done) == (JobState.RUNNING, 0)
    assert CoverageTile.objects.count() == first.total + 1
    job_cancel(first.pk)
    assert job_run(first.pk)
    first.refresh_from_db()
    assert first.state == JobState.CANCELLED
    assert not CoverageRun.objects.exists()
    assert not CoverageTile.objects.exists()


def test_a_city_without_cameras_is_a_run_too() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    run = finished(analysis_enqueue(user=None))
    assert run.figures["street_covered_m"]["detect"] == 0
    assert run.figures["street_uncovered_m"]["detect"] == pytest.approx(199.9, abs=0.05)
    Road.objects.all().delete()
    job = analysis_enqueue(user=None)
    job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, "no streets" in job.error) == (JobState.FAILED, True)
    assert CoverageRun.objects.count() == 1


def test_a_building_that_changes_meanwhile_is_told() -> None:
    town(1)
    job = analysis_enqueue(user=None)
    from layers.jobs import runner

    with runner.pulse_of(job) as pulse:
        assert runner._step(job.pk, pulse, False)
        LayerBase.objects.update_or_create(layer="buildings", defaults={"version": 10_000})
    assert finished(job).figures["changed_meanwhile"] is True


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"street_weight": -1.0}, "street_weight is -1"),
        ({"incident_weight": float("nan")}, "nan"),
        ({"population_weight": float("inf")}, "inf"),
        ({"kernel_m": 0.0}, "kernel_m"),
        ({"window_days": -3.0}, "window_days"),
        ({"incident_kinds": {"fire": -2.0}}, "incident_kinds fire"),
        ({"place_kinds": {"bank": "much"}}, "place_kinds bank"),
        ({"severity_exponent": 9.0}, "severity_exponent"),
        ({"piece_m": True}, "piece_m"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused(weights: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        profile_save(name="P", weights=weights)
    assert not DemandProfile.objects.filter(name="P").exists()


def test_profiles_are_saved_changed_and_deleted_without_losing_anybodys_work() -> None:
    row = profile_save(name=" Malam  hari ", weights={"incident_weight": 4.0, "incident_kinds": {"fire": 2.0}})  # fmt: skip
    assert (row.name, row.version) == ("Malam hari", 1)
    assert profile_named("Malam hari").incident_kinds == {"fire": 2.0}
    with pytest.raises(Conflict, match="already"):
        profile_save(name="Malam hari", weights={})
    changed = profile_save(name="Malam hari", weights={"incident_weight": 5.0}, version=1)
    assert changed.version == 2
    with pytest.raises(Conflict, match="meanwhile"):
        profile_save(name="Malam hari", weights={"incident_weight": 6.0}, version=1)
    assert profile_named("Malam hari").incident_weight == 5.0
    profile_save(name="Malam hari", weights={}, version=2, is_default=True)
    assert DemandProfile.objects.get(is_default=True).name == "Malam hari"
    with pytest.raises(Conflict, match="default"):
        profile_delete(name="Malam hari", version=3)
    profile_save(name="Siang", weights={}, is_default=True)
    with pytest.raises(Conflict, match="meanwhile"):
        profile_delete(name="Malam hari", version=2)
    profile_delete(name="Malam hari", version=3)
    with pytest.raises(NotFound, match="Siang"):
        profile_named("Malam hari")


def test_older_parameters_keep_their_meaning() -> None:
    old = {"name": "x", "street_weight": 1.0, "kernel_m": 70.0, "half_life_days": 30.0}
    assert profile_from(old) == Profile(
        name="x", kernel_m=70.0, place_kernel_m=70.0, half_life_days=30.0
    )


def test_comparison_tells_streets_won_and_lost_to_the_metre() -> None:
    town()
    before = CoverageRun.objects.get(pk=coverage_analyse(as_of=MOMENT, level="monitor")["run"])
    gone = CoverageLoss.objects.filter(run=before, kind="camera", rank=1).get()
    Camera.objects.filter(code=gone.code).update(status="failed")
    lon, lat = place(240.0, 480.0)
    make_camera("NEW", lon=lon, lat=lat, fov_deg=360.0)
    after = CoverageRun.objects.get(pk=coverage_analyse(as_of=MOMENT, level="monitor")["run"])
    answer = runs_compare(before, after)
    assert [row["code"] for row in answer["gone"]] == [gone.code]
    assert [row["code"] for row in answer["come"]] == ["NEW"]
    assert answer["street_won_m"] > 0
    assert answer["street_lost_m"] > 0
    assert answer["street_in_one_m"] == pytest.approx(0.0, abs=1e-3)
    totals = [total["street_covered_m"] for total in answer["totals"]]
    assert answer["street_won_m"] - answer["street_lost_m"] == pytest.approx(
        totals[1] - totals[0], abs=1e-5
    )
    drawn = {"won": 0.0, "lost": 0.0}
    for feature in answer["streets"]["features"]:
        drawn[feature["properties"]["change"]] += feature["properties"]["metres"]
    assert drawn["won"] == pytest.approx(answer["street_won_m"], abs=1.0)
    city = next(row for row in answer["areas"] if row["code"] == "35.73")
    assert city["street_more"] == pytest.approx(totals[1] - totals[0], abs=1e-5)
    parts = [row for row in answer["areas"] if row["parent"] == "35.73"]
    assert sum(row["demand_more"] for row in parts) == pytest.approx(city["demand_more"], abs=1e-6)
    back = runs_compare(after, before)
    assert (back["street_won_m"], back["street_lost_m"]) == pytest.approx(
        (answer["street_lost_m"], answer["street_won_m"])
    )
    assert runs_compare(after, after)["streets"]["features"] == []
    higher = runs_compare(before, after, level="identify")
    assert higher["street_won_m"] <= answer["street_won_m"]
    with pytest.raises(InvalidInput, match="no level"):
        runs_compare(before, after, level="overview")
    wifi = CoverageRun.objects.get(pk=coverage_analyse(subject="wifi", as_of=MOMENT)["run"])
    with pytest.raises(InvalidInput, match="wifi"):
        runs_compare(before, wifi)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_every_figure_is_reproduced_from_the_files(tmp_path: Path) -> None:
    town()
    figures = coverage_analyse(as_of=MOMENT, level="monitor")
    run = CoverageRun.objects.get(pk=figures["run"])
    for table in ("streets", "levels", "cameras", "sites", "areas", "gaps", "figures", "parameters"):  # fmt: skip
        run_export(run, tmp_path / f"{table}.csv", table=table)
    streets = rows_of(tmp_path / "streets.csv")
    levels = ["monitor", "detect", "observe", "recognise", "identify"]

    def total(column: str, chosen: Any) -> float:
        return sum(float(row[column]) for row in streets if chosen(row))

    for rank, level in enumerate(levels):
        enough = levels[rank:]
        for column, seen in (("length_m", "street_covered_m"), ("demand", "demand_covered")):
            assert total(column, lambda row: row["seen_level"] in enough) == pytest.approx(figures[seen][level], abs=1e-5)  # noqa: B023 # fmt: skip
            assert total(column, lambda row: row["reach_level"] in enough) == pytest.approx(figures["reachable"][seen][level], abs=1e-5)  # noqa: B023 # fmt: skip
    assert total("length_m", lambda row: True) == pytest.approx(figures["street_m"], abs=1e-5)
    for row in figures["areas"]:
        if row["level"] != "kelurahan":
            continue
        metres = total("length_m", lambda s: s["area"] == row["code"] and s["cameras"] != "0")  # noqa: B023
        assert metres == pytest.approx(row["street_covered_m"], abs=1e-5)
    for name, column in (("cameras", "sole_code"), ("sites", "sole_site")):
        for row in rows_of(tmp_path / f"{name}.csv"):
            lost = total("demand", lambda s: s[column] == row["code"])  # noqa: B023
            assert lost == pytest.approx(float(row["lost_demand"]), abs=1e-5)
    gaps = rows_of(tmp_path / "gaps.csv")
    assert [float(row["demand"]) for row in gaps] == pytest.approx(
        [gap["demand_uncovered"] for gap in figures["gaps"]], abs=1e-6
    )
    flat = {row["figure"]: float(row["value"]) for row in rows_of(tmp_path / "figures.csv")}
    assert flat["demand_covered.detect"] == figures["demand_covered"]["detect"]
    parameters = {row["parameter"]: row["value"] for row in rows_of(tmp_path / "parameters.csv")}
    assert parameters["as_of"] == MOMENT.isoformat()
    assert parameters["profile.kernel_m"] == "100.0"
    by_level = rows_of(tmp_path / "levels.csv")
    assert len(by_level) == len(figures["areas"]) * len(levels)


def test_files_hold_all_tables_and_disarm_formulae(tmp_path: Path) -> None:
    town(1)
    Camera.objects.filter(code="C00").update(name="=HYPERLINK(1)")
    Road.objects.filter(name="Jalan Timur 0").update(name="@SUM(A1)")
    run = CoverageRun.objects.get(pk=coverage_analyse(as_of=MOMENT)["run"])
    run_export(run, tmp_path / "run.xlsx")
    book = load_workbook(tmp_path / "run.xlsx")
    assert book.sheetnames == list(TABLES)
    names = [row[2].value for row in book["cameras"].iter_rows(min_row=2)]
    assert "'=HYPERLINK(1)" in names
    assert book["streets"].max_row == 1 + CoverageStreet.objects.filter(run=run).count()
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)
    run_export(run, tmp_path / "run.gpkg")
    listed = dict(pyogrio.list_layers(tmp_path / "run.gpkg").tolist())
    assert sorted(listed) == sorted(TABLES)
    assert listed["streets"] == "LineString"
    assert listed["parameters"] is None
    streets = pyogrio.raw.read(tmp_path / "run.gpkg", layer="streets")
    shapes = shapely.from_wkb(streets[2])
    assert len(shapes) == CoverageStreet.objects.filter(run=run).count()
    at = streets[0]["fields"].tolist().index("length_m")
    stored = CoverageStreet.objects.filter(run=run).aggregate(s=Sum("length_m"))["s"]
    assert np.sum(streets[3][at]) == pytest.approx(stored)
    run_export(run, tmp_path / "gaps.geojson", table="gaps")
    features = json.loads((tmp_path / "gaps.geojson").read_text())["features"]
    assert {item["geometry"]["type"] for item in features} == {"MultiLineString"}
    run_export(run, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}.csv" for name in TABLES)
        assert "'@SUM(A1)" in archive.read("gaps.csv").decode("utf-8-sig")
    with pytest.raises(InvalidInput, match="one table"):
        run_export(run, tmp_path / "all.geojson")
    with pytest.raises(InvalidInput, match="no table"):
        run_export(run, tmp_path / "x.csv", table="secrets")


@pytest.mark.parametrize(
    ("role", "sees", "plans"),
    [
        (Role.PLANNER, True, True),
        (Role.POLICE_LIAISON, True, False),
        (Role.EXECUTIVE, True, False),
        (Role.AGENCY_ADMIN, False, False),
        (None, False, False),
    ],
)
def test_who_reads_and_who_orders_runs(role: str | None, sees: bool, plans: bool, client: Client) -> None:  # fmt: skip
    town(1)
    run = coverage_analyse(as_of=MOMENT)["run"]
    if role is not None:
        client.force_login(make_user("someone", (role, make_agency())))
    for address in (
        "runs", "runs/latest", f"runs/{run}", f"runs/{run}/losses", f"runs/{run}/export?format=gpkg", "profiles",
        f"compare?first={run}&second={run}",
    ):  # fmt: skip
        answer = client.get(f"/api/v1/coverage/{address}")
        assert (answer.status_code == 200) is sees, (address, answer.status_code)
    for address, body in (
        ("runs", {}), (f"runs/{run}/repeat", {}), ("profiles", {"name": "P"}),
        ("profiles/delete", {"name": "P", "version": 1}),
    ):  # fmt: skip
        answer = client.post(f"/api/v1/coverage/{address}", body, content_type="application/json")
        assert (answer.status_code == 200) is plans, (address, answer.content)


def test_the_api_tells_lists_losses_and_files(client: Client) -> None:
    town(2)
    client.force_login(planner())
    run = coverage_analyse(as_of=MOMENT, level="monitor")["run"]
    coverage_analyse(subject="wifi", as_of=MOMENT)
    listed = client.get("/api/v1/coverage/runs?subject=cameras").json()["runs"]
    assert [row["run"] for row in listed] == [run]
    assert listed[0]["profile"]
    assert client.get("/api/v1/coverage/runs/latest").json()["run"] == run
    wifi = client.get("/api/v1/coverage/runs/latest?subject=wifi").json()
    assert wifi["level"] == "within"
    assert client.get(f"/api/v1/coverage/runs/{run}").json()["changed_since"] == []
    losses = client.get(f"/api/v1/coverage/runs/{run}/losses?kind=camera&count=3").json()
    assert [row["rank"] for row in losses["losses"]] == [1, 2, 3]
    assert client.get(f"/api/v1/coverage/runs/{run}/losses?kind=x").status_code == 422
    assert client.get("/api/v1/coverage/runs/99999/losses").status_code == 404
    answer = client.get(f"/api/v1/coverage/runs/{run}/export?format=csv&table=streets")
    assert "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 1 + CoverageStreet.objects.filter(run_id=run).count()
    assert client.get(f"/api/v1/coverage/runs/{run}/export?format=exe").status_code == 422
    LayerBase.objects.update_or_create(layer="cctv", defaults={"version": 10_000})
    assert client.get(f"/api/v1/coverage/runs/{run}").json()["changed_since"] == ["cctv"]
    bad = client.post(
        "/api/v1/coverage/profiles", {"name": "P", "street_weight": -1}, content_type="application/json"
    )  # fmt: skip
    assert (bad.status_code, "street_weight" in bad.json()["message"]) == (422, True)


@pytest.mark.django_db(transaction=True)
def test_two_planners_save_one_name_at_once() -> None:
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def save(number: int) -> None:
        start.wait()
        try:
            profile_save(name="Sama", weights={"street_weight": float(number)})
            outcomes.append("saved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 5 + ["saved"]
    assert DemandProfile.objects.get(name="Sama").version == 1
