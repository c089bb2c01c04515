"""What cameras see: one view, a point, runs with their gaps, failures, comparison and files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest
from ninja import Field, Schema

from layers.access.policies import Can, rights_of
from layers.api.app import new_router, open_to
from layers.coverage.figures.compare import runs_compare
from layers.coverage.figures.release import (
    gap_map_released,
    gap_maps_released,
    gaps_release,
    gaps_withdraw,
    release_shown,
)
from layers.coverage.figures.selectors import (
    run_done,
    run_latest,
    run_losses,
    run_shown,
    runs_list,
)
from layers.coverage.sights import camera_region, cameras_seeing
from layers.coverage.tasks import analysis_enqueue
from layers.errors import InvalidInput
from layers.exporters.coverage import FORMATS, run_export
from layers.jobs.health import job_status

router = new_router("coverage")
_MOST_RUNS = 200


class CameraIn(Schema):
    """A camera to try out: degrees from true north, metres."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-84, le=84)
    heading_deg: float = Field(ge=-360, le=720)
    fov_deg: float = Field(gt=0, le=360)
    model: str | None = Field(None, max_length=120)
    kind: str | None = Field(None, max_length=8)
    height_m: float = Field(5.0, gt=0, le=500)
    tilt_deg: float | None = Field(None, ge=-90, le=90)
    range_m: float = Field(150.0, gt=0, le=2000)
    edition: str | None = Field(None, max_length=40)


class RunIn(Schema):
    """What to analyse."""

    subject: str = Field("cameras", max_length=8)
    area: str | None = Field(None, max_length=40)
    level: str = Field("detect", max_length=20)
    profile: str | None = Field(None, max_length=80)
    edition: str | None = Field(None, max_length=40)


class ReleaseIn(Schema):
    """Why a gap map is opened to the public, or closed again."""

    reason: str = Field(max_length=2000)


@router.post("/camera-view")
@open_to(Can.SEE_COVERAGE)
def camera_view(request: HttpRequest, camera: CameraIn) -> dict[str, Any]:
    """The region a camera would see at every level, buildings in the way."""
    return camera_region(
        camera.lon, camera.lat, heading_deg=camera.heading_deg, fov_deg=camera.fov_deg, model=camera.model,
        kind=camera.kind, height_m=camera.height_m, tilt_deg=camera.tilt_deg, range_m=camera.range_m,
        edition=camera.edition,
    )  # fmt: skip


@router.get("/cameras-seeing")
@open_to(Can.SEE_COVERAGE)
def seeing(
    request: HttpRequest, lon: float, lat: float, edition: str | None = None
) -> dict[str, Any]:
    """Cameras that see a point, best view first."""
    return cameras_seeing(lon, lat, edition=edition)


@router.get("/coverage/runs")
@open_to(Can.SEE_COVERAGE)
def runs(
    request: HttpRequest, subject: str = "", area: str = "", count: int = 30
) -> dict[str, Any]:
    """The last runs, newest first, without areas and gaps."""
    return {"runs": runs_list(subject=subject, area=area, count=max(1, min(count, _MOST_RUNS)))}


@router.get("/coverage/runs/latest")
@open_to(Can.SEE_COVERAGE)
def latest(request: HttpRequest, subject: str = "cameras") -> dict[str, Any]:
    """Figures of the newest run; an empty object before the first."""
    row = run_latest(subject)
    return {} if row is None else run_shown(row)


@router.get("/coverage/runs/{int:run_id}")
@open_to(Can.SEE_COVERAGE)
def run(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """Figures of one run."""
    return run_shown(run_done(run_id))


@router.get("/coverage/runs/{int:run_id}/losses")
@open_to(Can.SEE_COVERAGE)
def losses(
    request: HttpRequest, run_id: int, kind: str = "camera", count: int = 50
) -> dict[str, Any]:
    """What is lost if a camera, site or hotspot fails, the worst first."""
    return run_losses(run_id, kind=kind, count=count)


@router.get("/coverage/runs/{int:run_id}/release")
@open_to(Can.SEE_COVERAGE)
def release(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """Whether the public sees the gaps of a run, and who opened or closed them when and why."""
    shown = release_shown(run_done(run_id).pk)
    return {**shown, "may": rights_of(request.user).can(Can.RELEASE_GAPS)}


@router.post("/coverage/runs/{int:run_id}/release")
@open_to(Can.RELEASE_GAPS)
def release_gaps(request: HttpRequest, run_id: int, said: ReleaseIn) -> dict[str, Any]:
    """Open the gap map of a run to the public."""
    gaps_release(run_id, reason=said.reason, user=request.user)
    return {**release_shown(run_id), "may": True}


@router.post("/coverage/runs/{int:run_id}/withdraw")
@open_to(Can.RELEASE_GAPS)
def withdraw_gaps(request: HttpRequest, run_id: int, said: ReleaseIn) -> dict[str, Any]:
    """Close a released gap map again."""
    gaps_withdraw(run_id, reason=said.reason, user=request.user)
    return {**release_shown(run_id), "may": True}


@router.get("/coverage/released")
@open_to(Can.SEE_PUBLIC)
def released(request: HttpRequest) -> dict[str, Any]:
    """Gap maps that were formally released."""
    return {"gap_maps": gap_maps_released()}


@router.get("/coverage/released/{int:run_id}")
@open_to(Can.SEE_PUBLIC)
def released_one(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """A released gap map as GeoJSON; any other is not found."""
    return gap_map_released(run_id)


@router.get("/coverage/compare")
@open_to(Can.SEE_COVERAGE)
def compare(request: HttpRequest, first: int, second: int, level: str = "") -> dict[str, Any]:
    """Two runs side by side: areas, and the streets won and lost as GeoJSON."""
    return runs_compare(run_done(first), run_done(second), level=level or None)


@router.get("/coverage/runs/{int:run_id}/export")
@open_to(Can.SEE_COVERAGE)
def export(
    request: HttpRequest, run_id: int, format: str = "xlsx", table: str = ""
) -> FileResponse:
    """The numbers behind every figure: xlsx, csv (zipped unless one table is named), geojson, gpkg."""
    if format not in FORMATS:
        raise InvalidInput(
            f"a run is not written as {format!r}", value=format, remedy=f"choose one of {', '.join(FORMATS)}"
        )  # fmt: skip
    row = run_done(run_id)
    suffix = "zip" if format == "csv" and not table else format
    name = "-".join(["ncc-coverage", str(row.pk), *([table] if table.isidentifier() else [])])
    with tempfile.TemporaryDirectory(prefix="ncc-run-") as folder:
        made = Path(folder) / f"{name}.{suffix}"
        run_export(row, made, table=table)
        # The name goes with the folder; the open file stays readable to its end.
        return FileResponse(made.open("rb"), as_attachment=True, filename=made.name)


@router.post("/coverage/runs")
@open_to(Can.PLAN_SITES)
def analyse(request: HttpRequest, order: RunIn) -> dict[str, Any]:
    """Queue an analysis; asking twice for the same gives the same job."""
    job = analysis_enqueue(
        user=request.user, subject=order.subject, area=order.area, level=order.level, profile=order.profile,
        edition=order.edition,
    )  # fmt: skip
    return job_status(job)


@router.post("/coverage/runs/{int:run_id}/repeat")
@open_to(Can.PLAN_SITES)
def repeat(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """Queue a run's own parameters again; with the same data every figure comes out the same."""
    return job_status(analysis_enqueue(user=request.user, repeat=run_done(run_id).pk))
