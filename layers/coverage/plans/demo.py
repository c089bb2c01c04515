"""What planning begins with in the demonstration city: requests, and a plan that the police are reviewing."""

from __future__ import annotations

from typing import Any

from layers.access.models import User
from layers.coverage.plans.models import Plan, PlanSite, RequestState, SiteRequest
from layers.coverage.plans.places import area_at
from layers.coverage.plans.requests import request_create
from layers.coverage.plans.review import site_endorse, site_refuse
from layers.coverage.plans.services import plan_comment, plan_created, plan_move_on
from layers.coverage.plans.tasks import SAMPLE_PLAN
from layers.jobs.models import Job
from layers.jobs.registry import job_kind
from layers.places.models import Area, Place

#: Who asks (in `{ward}` the kelurahan of the place), for what kind of public place, by which account, why.
_ASKED: tuple[tuple[str, str, str, str, str], ...] = (
    (SiteRequest.Source.POLICE, "Polresta Malang Kota", "marketplace", "polisi", "Pencurian kendaraan bermotor di tempat parkir pasar, terutama pagi hari."),
    (SiteRequest.Source.AGENCY, "Dinas Perhubungan Kota Malang", "hospital", "operator-dishub", "Ambulans sering tertahan di simpang dekat rumah sakit."),
    (SiteRequest.Source.WARD, "Kelurahan {ward}", "school", "admin-dishub", "Warga meminta pemantauan jalan depan sekolah pada jam pulang."),
    (SiteRequest.Source.COUNCIL, "Komisi C DPRD Kota Malang", "park", "perencana", "Aspirasi reses: taman gelap dan sering dipakai balap liar."),
    (SiteRequest.Source.MUSRENBANG, "Musrenbang Kelurahan {ward}", "university", "perencana", "Usulan Musrenbang: keamanan kawasan kos di sekitar kampus."),
)  # fmt: skip
_NAME = "Contoh: titik baru Kecamatan Klojen"
#: Kecamatan, sites and search of the sample plan: small, so that it is there soon.
_AREA, _SITES, _SEARCH_S = "35.73.02", 10, 15.0
#: How many sites the police have endorsed so far, and why they refused the next one.
_ENDORSED, _REFUSED = 4, "Sudah ada kamera lalu lintas milik kepolisian di simpang ini."


def demo_requests_create() -> int:
    """Ask for cameras at public places, unless there are requests already; returns how many."""
    if SiteRequest.objects.exists():
        return 0
    made = 0
    centre = Area.objects.filter(code=_AREA).first()
    for source, requester, kind, account, reason in _ASKED:
        user = User.objects.filter(username=account).first()
        places = Place.objects.filter(kind=kind).order_by("name", "pk")
        place = (places.filter(geom__within=centre.geom).first() if centre else None) or places.first()  # fmt: skip
        if user is None or place is None:
            continue
        at = place.geom.centroid
        ward = area_at(at.x, at.y)
        requester = requester.format(ward=ward.name if ward else "")
        request_create(lon=at.x, lat=at.y, source=source, requester=requester, reason=reason, user=user)  # fmt: skip
        made += 1
    return made


@job_kind(SAMPLE_PLAN, timeout_s=600)
def sample_plan(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """A plan of one kecamatan that asks for the open requests there, sent to the police, half reviewed.

    Made through the services that people use; where a plan is already, nothing happens.
    """
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.planning.service import plan_sites

    planner = User.objects.filter(username="perencana").first()
    police = User.objects.filter(username="polisi").first()
    if planner is None or police is None or Plan.objects.exists():
        return {"plan": None}
    asked = {
        row.pk: (row.geom.x, row.geom.y)
        for row in SiteRequest.objects.filter(state=RequestState.NEW, area__code__startswith=_AREA)
    }
    made = plan_sites(
        requested_by=planner, name=_NAME, sites=_SITES, area_code=_AREA, time_limit_s=_SEARCH_S, gap=0.02,
        candidates_extra=list(asked.values()),
    )  # fmt: skip
    plan = plan_created(made["plan"], user=planner, requests=list(asked))
    plan_comment(plan.pk, text="Rencana contoh: silakan coba meninjau, memindahkan, dan menolak titik.", user=planner)  # fmt: skip
    plan.refresh_from_db()
    plan_move_on(plan.pk, to=Plan.State.SENT, version=plan.version, reason="Mohon tinjauan Polresta.", user=planner)  # fmt: skip
    sites: list[PlanSite] = list(plan.sites.order_by("order")[: _ENDORSED + 1])
    for site in sites[:_ENDORSED]:
        site.refresh_from_db()
        site_endorse(plan.pk, site.pk, version=site.version, user=police)
    for site in sites[_ENDORSED:]:
        site.refresh_from_db()
        site_refuse(plan.pk, site.pk, version=site.version, reason=_REFUSED, user=police)
    plan_comment(plan.pk, text="Titik lain kami tinjau minggu ini.", user=police)
    return {"plan": plan.pk}
