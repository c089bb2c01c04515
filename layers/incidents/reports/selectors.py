"""Reports as the triage queue sees them, and the little that others may know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language

from layers.access.policies import rights_of
from layers.incidents.models import IncidentState, IncidentType
from layers.incidents.reports.models import CitizenReport

#: Digits after the point of public coordinates: about 110 m.
PUBLIC_DIGITS = 3
#: Longest span and most rows of a public list.
LIST_DAYS, LIST_MAX = 90, 1000
_OVER = (IncidentState.CLOSED, IncidentState.CANCELLED, IncidentState.MERGED)


def type_name(kind: IncidentType) -> str:
    """Name of a kind in the reader's language."""
    english = (get_language() or "id").startswith("en")
    return (english and kind.name_en) or kind.name


def triage_rows(user: Any, *, state: str = "new", limit: int = 200) -> list[dict[str, Any]]:
    """Reports that wait for a decision, oldest first, without who sent them."""
    rights = rights_of(user)
    rows = CitizenReport.objects.select_related("type", "call__incident").filter(state=state)
    if not rights.everywhere:
        rows = rows.filter(Q(government__in=sorted(rights.governments)) | Q(government=""))
    return [triage_row(row) for row in rows.order_by("created_at", "pk")[:limit]]


def triage_row(row: CitizenReport) -> dict[str, Any]:
    """One report for the queue."""
    incident = row.call.incident if row.call else None
    return {
        "id": row.pk, "code": row.code, "channel": row.channel, "state": row.state,
        "type": {"code": row.type.code, "name": type_name(row.type)}, "description": row.description,
        "address": row.address, "area_name": row.area_name, "photo": bool(row.photo),
        "lon": row.geom.x if row.geom else None, "lat": row.geom.y if row.geom else None,
        "created_at": row.created_at.isoformat(), "reason": row.reason,
        "incident": incident.number if incident else None,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }  # fmt: skip


def progress_of(row: CitizenReport) -> tuple[str, datetime]:
    """How far a report is for its reporter (received, rejected, underway, done), and since when."""
    if row.state == CitizenReport.State.NEW:
        return "received", row.created_at
    decided = row.decided_at or row.updated_at
    if row.state == CitizenReport.State.REJECTED:
        return "rejected", decided
    incident = row.call.incident if row.call else None
    if incident is not None and incident.state in _OVER:
        return "done", incident.closed_at or incident.updated_at
    return "underway", decided


def report_by_token(token: str) -> CitizenReport | None:
    """The report behind a token."""
    if "\x00" in token:
        return None
    return (
        CitizenReport.objects.select_related("type", "call__incident").filter(token=token).first()
    )


def reports_public(
    *, pks: list[int] | None = None, type_code: str = "", status: str = "",
    since: datetime | None = None, until: datetime | None = None,
) -> list[CitizenReport]:  # fmt: skip
    """Reports of kinds that may be told, newest first; without ids those of at most `LIST_DAYS`."""
    rows = CitizenReport.objects.select_related("type", "call__incident").filter(
        type__sensitive=False
    )
    if pks is not None:
        rows = rows.filter(pk__in=pks)
    else:
        end = until or timezone.now()
        start = max(since or end - timedelta(days=LIST_DAYS), end - timedelta(days=LIST_DAYS))
        rows = rows.filter(created_at__gte=start, created_at__lte=end)
    if type_code:
        rows = rows.filter(type__code__in=type_code.replace("\x00", "").split(","))
    found = list(rows.order_by("-created_at", "-pk")[:LIST_MAX])
    wanted = set(status.split(",")) if status else set()
    return [row for row in found if not wanted or open311_status(row) in wanted]


def open311_status(row: CitizenReport) -> str:
    """`open` or `closed`."""
    return "closed" if progress_of(row)[0] in {"done", "rejected"} else "open"


def public_place(row: CitizenReport) -> tuple[float | None, float | None]:
    """Latitude and longitude as others may know them."""
    if row.geom is None:
        return None, None
    return round(row.geom.y, PUBLIC_DIGITS), round(row.geom.x, PUBLIC_DIGITS)
