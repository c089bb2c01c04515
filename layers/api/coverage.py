"""What cameras see: one view, a point, runs and gaps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.coverage.models import CoverageRun
from layers.coverage.sights import camera_region, cameras_seeing
from layers.coverage.tasks import ANALYSE
from layers.errors import NotFound
from layers.jobs.health import job_status
from layers.jobs.services import job_enqueue

router = new_router("coverage")


class CameraIn(Schema):
    """A camera to try out: degrees from true north, metres."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-84, le=84)
    heading_deg: float = Field(ge=-360, le=720)
    fov_deg: float = Field(gt=0, le=360)
    model: str | None = Field(None, max_length=120)
    height_m: float = Field(5.0, gt=0, le=500)
    range_m: float = Field(150.0, gt=0, le=2000)


class RunIn(Schema):
    """What to analyse."""

    area: str | None = Field(None, max_length=40)
    level: str = Field("detect", max_length=20)
    profile: str | None = Field(None, max_length=80)


@router.post("/camera-view")
@open_to(Can.SEE_COVERAGE)
def camera_view(request: HttpRequest, camera: CameraIn) -> dict[str, Any]:
    """The region a camera would see at every level, buildings in the way."""
    return camera_region(
        camera.lon, camera.lat, heading_deg=camera.heading_deg, fov_deg=camera.fov_deg, model=camera.model,
        height_m=camera.height_m, range_m=camera.range_m,
    )  # fmt: skip


@router.get("/cameras-seeing")
@open_to(Can.SEE_COVERAGE)
def seeing(request: HttpRequest, lon: float, lat: float) -> dict[str, Any]:
    """Cameras that see a point, best view first."""
    return cameras_seeing(lon, lat)


@router.get("/coverage/runs")
@open_to(Can.SEE_COVERAGE)
def runs(request: HttpRequest) -> dict[str, Any]:
    """The last runs, newest first, without their gaps."""
    rows = (
        CoverageRun.objects.filter(state=CoverageRun.State.DONE)
        .select_related("area")
        .order_by("-id")[:30]
    )
    return {
        "runs": [
            {
                "run": row.pk, "level": row.level, "edition": row.edition, "area": row.area.code if row.area else None,
                "area_name": row.area.name if row.area else "", "finished_at": row.finished_at,
                "street_m": row.figures.get("street_m"), "street_covered_m": row.figures.get("street_covered_m"),
            }
            for row in rows
        ]
    }  # fmt: skip


@router.get("/coverage/runs/latest")
@open_to(Can.SEE_COVERAGE)
def latest(request: HttpRequest) -> dict[str, Any]:
    """Figures of the newest run; an empty object before the first."""
    row = CoverageRun.objects.filter(state=CoverageRun.State.DONE).order_by("-id").first()
    return {} if row is None else _figures(row)


@router.get("/coverage/runs/{run_id}")
@open_to(Can.SEE_COVERAGE)
def run(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """Figures of one run."""
    row = (
        CoverageRun.objects.filter(pk=run_id, state=CoverageRun.State.DONE).first()
        if abs(run_id) < 2**62
        else None
    )
    if row is None:
        raise NotFound(f"no run {run_id}", value=run_id)
    return _figures(row)


@router.post("/coverage/runs")
@open_to(Can.PLAN_SITES)
def analyse(request: HttpRequest, order: RunIn) -> dict[str, Any]:
    """Queue an analysis; asking twice for the same gives the same job."""
    job = job_enqueue(
        ANALYSE,
        params={
            "area": order.area,
            "level": order.level,
            "profile": order.profile,
            "user": request.user.pk,
        },
        key=f"{ANALYSE}:{order.area}:{order.level}:{order.profile}",
        user=request.user,
    )
    return job_status(job)


def _figures(row: CoverageRun) -> dict[str, Any]:
    return {**row.figures, "parameters": row.parameters, "finished_at": row.finished_at}
