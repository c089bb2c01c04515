"""Opening a run's gap map to the public, and closing it again: by whom, when and why. Closed until then."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from layers.access.policies import Can, require
from layers.audit.actor import recorded
from layers.coverage.figures.models import GapRelease
from layers.coverage.models import CoverageGap, CoverageRun
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import event_publish

Act = GapRelease.Act
#: Longest reason (characters).
MOST_TEXT = 2000


def gaps_release(run_id: int, *, reason: str, user: Any) -> GapRelease:
    """Open the gap map of a finished run to the public, with the reason the public reads."""
    return _act(run_id, Act.RELEASED, reason=reason, user=user)


def gaps_withdraw(run_id: int, *, reason: str, user: Any) -> GapRelease:
    """Close a released gap map again; what was loaded meanwhile is out."""
    return _act(run_id, Act.WITHDRAWN, reason=reason, user=user)


def _act(run_id: int, act: str, *, reason: str, user: Any) -> GapRelease:
    require(user, Can.RELEASE_GAPS)
    text = reason.replace("\x00", "").strip()[:MOST_TEXT]
    if not text:
        raise InvalidInput(_("a reason is needed"), remedy=_("say in a few words why"))
    with recorded():
        rows = CoverageRun.objects.select_for_update(of=("self",))
        run = rows.filter(pk=run_id, state=CoverageRun.State.DONE, subject=CoverageRun.Subject.CAMERAS).first() if abs(run_id) < 2**62 else None  # fmt: skip
        if run is None:
            raise NotFound(_("there is no analysis {n}").format(n=run_id), value=run_id)
        last = run.releases.order_by("-id").values_list("act", flat=True).first()
        if act == (last or Act.WITHDRAWN):
            raise Conflict(
                _("the gap map is released already")
                if act == Act.RELEASED
                else _("the gap map is not released"),
                value=run.pk,
            )
        made: GapRelease = GapRelease.objects.create(
            run=run, act=act, text=text, author=user,
            author_name=(user.get_full_name() or user.get_username())[:160],
        )  # fmt: skip
        event_publish(
            f"coverage.gaps_{act}", layer="coverage", object_id=run.pk, payload={"run": run.pk}
        )
    return made


def release_shown(run_id: int) -> dict[str, Any]:
    """Whether the public sees the gaps of a run, and every act with author, time and reason."""
    acts = list(GapRelease.objects.filter(run_id=run_id).order_by("id"))
    return {
        "run": run_id,
        "released": bool(acts) and acts[-1].act == Act.RELEASED,
        "acts": [
            {
                "act": one.act, "act_name": one.get_act_display(), "text": one.text,
                "author": one.author_name, "at": one.at,
            }
            for one in acts
        ],
    }  # fmt: skip


def _open_runs() -> Any:
    """Runs whose newest act is a release."""
    newest = GapRelease.objects.filter(run=OuterRef("pk")).order_by("-id")
    return CoverageRun.objects.filter(state=CoverageRun.State.DONE).annotate(
        last_act=Subquery(newest.values("act")[:1]),
        opened_at=Subquery(newest.values("at")[:1]),
        note=Subquery(newest.values("text")[:1]),
    ).filter(last_act=Act.RELEASED)  # fmt: skip


def gap_maps_released(*, limit: int = 50) -> list[dict[str, Any]]:
    """Gap maps that the public may see, the newest release first; without the releasers' names."""
    rows = _open_runs().select_related("area").order_by("-opened_at").defer("figures", "parameters")
    return [_head(row) for row in rows[:limit]]


def _head(row: Any) -> dict[str, Any]:
    return {
        "run": row.pk, "level": row.level, "level_name": _(row.level), "edition": row.edition, "as_of": row.as_of,
        "area": row.area.name if row.area else "", "released_at": row.opened_at, "note": row.note,
    }  # fmt: skip


def gap_map_released(run_id: int) -> dict[str, Any]:
    """One released gap map as GeoJSON, EPSG:4326: streets, kelurahan and unseen metres, no demand.

    `NotFound` for a run that is not released, as for one that is not there.
    """
    row = None
    if abs(run_id) < 2**62:
        row = _open_runs().select_related("area").filter(pk=run_id).first()
    if row is None:
        raise NotFound(_("there is no released gap map {n}").format(n=run_id), value=run_id)
    gaps = CoverageGap.objects.filter(run=row).select_related("area").order_by("rank")
    return {
        "type": "FeatureCollection",
        **_head(row),
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "rank": gap.rank, "street": gap.street, "area": gap.area.name if gap.area else "",
                    "street_uncovered_m": round(gap.street_uncovered_m),
                },
                "geometry": json.loads(gap.shape),
            }
            for gap in gaps.annotate(shape=AsGeoJSON("geom", precision=5))
        ],
    }  # fmt: skip
