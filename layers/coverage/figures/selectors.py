"""Runs as a page reads them: their list over time, one run, what failures cost."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F
from django.utils.translation import get_language

from layers.coverage.figures.losses import losses_shown
from layers.coverage.figures.models import CoverageLoss
from layers.coverage.figures.order import input_versions
from layers.coverage.models import CoverageRun
from layers.coverage.profiles import PUBLIC_PLACES
from layers.errors import InvalidInput, NotFound
from layers.incidents.models import Incident, IncidentType
from layers.places.models import Place

_SHOWN = (
    "street_m", "street_covered_m", "demand", "demand_covered", "cameras", "visible_m2", "area_m2", "people",
    "people_covered",
)  # fmt: skip


def runs_list(*, subject: str = "", area: str = "", count: int = 30) -> list[dict[str, Any]]:
    """Finished runs, newest first, with the figures a chart needs."""
    rows = CoverageRun.objects.filter(state=CoverageRun.State.DONE).order_by("-pk")
    if subject:
        rows = rows.filter(subject=subject)
    if area:
        rows = rows.filter(area__code=area)
    wanted = {f"figure_{name}": F(f"figures__{name}") for name in _SHOWN}
    found = rows.annotate(**wanted).values(
        "pk", "subject", "level", "edition", "area__code", "area__name", "as_of", "finished_at", "repeats_id",
        "requested_by__username", "parameters__profile__name", *wanted,
    )[:count]  # fmt: skip
    return [
        {
            "run": row["pk"], "subject": row["subject"], "level": row["level"], "edition": row["edition"],
            "area": row["area__code"], "area_name": row["area__name"] or "", "as_of": row["as_of"],
            "finished_at": row["finished_at"], "repeats": row["repeats_id"],
            "by": row["requested_by__username"] or "", "profile": row["parameters__profile__name"] or "",
            **{name: row[f"figure_{name}"] for name in _SHOWN},
        }
        for row in found
    ]  # fmt: skip


def run_done(run_id: int) -> CoverageRun:
    """A finished run; `NotFound` where there is none of that number."""
    row = None
    if abs(run_id) < 2**62:
        rows = CoverageRun.objects.select_related("area")
        row = rows.filter(pk=run_id, state=CoverageRun.State.DONE).first()
    if row is None:
        raise NotFound(f"no run {run_id}", value=run_id)
    return row


def run_latest(subject: str = CoverageRun.Subject.CAMERAS) -> CoverageRun | None:
    """The newest run of its own, repetitions apart; None before the first."""
    rows = CoverageRun.objects.filter(state=CoverageRun.State.DONE, subject=subject)
    return rows.filter(repeats__isnull=True).select_related("area").order_by("-pk").first()


def run_shown(row: CoverageRun) -> dict[str, Any]:
    """All figures of a run with its parameters, and which of its inputs changed since."""
    before = row.parameters.get("inputs", {})
    now = input_versions()
    return {
        **row.figures,
        "subject": row.subject,
        "parameters": row.parameters,
        "area": row.area.code if row.area else None,
        "area_name": row.area.name if row.area else "",
        "finished_at": row.finished_at,
        "repeats": row.repeats_id,
        "changed_since": [name for name, version in before.items() if now.get(name) != version],
    }


def run_losses(run_id: int, *, kind: str, count: int = 50) -> dict[str, Any]:
    """What the failure of each camera, site or hotspot would cost, the worst first."""
    if kind not in CoverageLoss.Kind.values:
        raise InvalidInput(
            f"no kind {kind!r}", value=kind, remedy=f"choose one of {', '.join(CoverageLoss.Kind.values)}"
        )  # fmt: skip
    run = run_done(run_id)
    rows = CoverageLoss.objects.filter(run=run, kind=kind, rank__isnull=False).order_by("rank")
    return {
        "run": run.pk, "level": run.level, "kind": kind, "all": rows.count(),
        "idle": rows.filter(street_m=0).count(), "spare": rows.filter(street_m__gt=0, lost_street_m=0).count(),
        "losses": losses_shown(rows, max(1, min(count, 500))),
    }  # fmt: skip


def weight_choices() -> dict[str, Any]:
    """Kinds of incidents and of public places that can be weighed, with how many there are."""
    english = (get_language() or "id").startswith("en")
    counted = dict(Incident.objects.order_by().values_list("type__code").annotate(n=Count("pk")))
    places = dict(
        Place.objects.filter(kind__in=PUBLIC_PLACES).order_by().values_list("kind").annotate(n=Count("pk"))
    )  # fmt: skip
    return {
        "incident_kinds": [
            {
                "code": kind.code, "name": (kind.name_en if english else "") or kind.name,
                "severity": kind.severity, "incidents": counted.get(kind.code, 0),
            }
            for kind in IncidentType.objects.order_by("name")
        ],
        "place_kinds": [{"code": kind, "places": places.get(kind, 0)} for kind in PUBLIC_PLACES],
    }  # fmt: skip
