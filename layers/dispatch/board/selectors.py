"""The board as one snapshot, one incident in full, and the desks that see a part of all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, restrict, rights_of
from layers.assets.models import StationKind
from layers.dispatch.board.rows import assignment_row, call_rows, incident_rows, unit_rows
from layers.dispatch.models import Assignment, RunCard, Unit
from layers.errors import InvalidInput, NotFound
from layers.events.selectors import event_horizon
from layers.incidents.lifecycle.limits import Limits
from layers.incidents.lifecycle.table import OPEN_STATES, actions_in
from layers.incidents.models import Call, Incident, IncidentType

#: Desk → kinds of units it sends, and groups of incident types that are its own.
DESKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "all": ((), ()),
    "fire": ((StationKind.FIRE, StationKind.RESCUE), ("fire", "rescue", "disaster")),
    "police": ((StationKind.POLICE,), ("police", "traffic")),
    "medical": ((StationKind.AMBULANCE,), ("medical",)),
}
#: A call without an incident stays on the board this long.
CALL_WAITS = timedelta(hours=24)


def board(user: Any, *, desk: str = "all") -> dict[str, Any]:
    """Open incidents by priority, then oldest first; units; waiting calls; what events come after it.

    The last event is asked for first: everything up to it is in the snapshot.
    """
    if desk not in DESKS:
        raise InvalidInput(_("no desk {desk}").format(desk=desk), value=desk, where="desk", remedy=_("one of {list}").format(list=', '.join(DESKS)))  # fmt: skip
    last_event = event_horizon()
    now = timezone.now()
    limits = Limits()
    kinds, _groups = DESKS[desk]
    units = restrict(user, Unit.objects.all()).order_by("callsign")
    if kinds:
        units = units.filter(kind__in=kinds)
    return {
        "now": now,
        "last_event": last_event,
        "desk": desk,
        "incidents": incident_rows(
            desk_incidents(user, desk).order_by("priority", "reported_at", "pk"),
            now=now,
            limits=limits,
        ),
        "units": unit_rows(units, now=now),
        "calls": call_rows(calls_waiting(user)),
        "targets": {f"{kind}_s": seconds for kind, seconds in limits.general().items()},
    }


def desk_incidents(user: Any, desk: str) -> Any:
    """Open incidents of a desk: those whose type is its own or calls for its units, or that hold one."""
    rows = restrict(user, Incident.objects.filter(state__in=OPEN_STATES))
    kinds, groups = DESKS[desk]
    if not kinds:
        return rows
    wanted = Q(type__group__in=groups)
    wanted |= Q(
        Exists(
            RunCard.objects.filter(
                incident_type=OuterRef("type"), kind__in=kinds, alarm_level__lte=OuterRef("alarm_level")
            )
        )
    )  # fmt: skip
    wanted |= Q(
        Exists(
            Assignment.objects.filter(
                incident=OuterRef("pk"), unit__kind__in=kinds, cleared_at__isnull=True, cancelled_at__isnull=True
            )
        )
    )  # fmt: skip
    return rows.filter(wanted)


def calls_waiting(user: Any) -> list[Call]:
    """Normal calls of the last day that belong to no incident and have not ended, oldest first."""
    rows = restrict(user, Call.objects.select_related("taken_by", "incident")).filter(
        kind=Call.Kind.NORMAL,
        incident__isnull=True,
        ended_at__isnull=True,
        arrived_at__gt=timezone.now() - CALL_WAITS,
    )
    return list(rows.order_by("arrived_at", "pk")[:200])


def incident_detail(incident_id: int, *, user: Any) -> dict[str, Any]:
    """One incident in full, with what may be done to it now."""
    rows = incident_rows(restrict(user, Incident.objects.filter(pk=incident_id)))
    if not rows:
        raise NotFound(
            _("no incident {incident_id}").format(incident_id=incident_id), value=incident_id
        )
    row = rows[0]
    parts = Assignment.objects.filter(incident=incident_id).select_related("unit__status", "incident").order_by("pk")  # fmt: skip
    calls = restrict(user, Call.objects.filter(incident=incident_id).select_related("taken_by", "incident"))  # fmt: skip
    incident = Incident.objects.get(pk=incident_id)
    return {
        **row,
        "calls_n": row["calls"],
        "calls": call_rows(calls.order_by("arrived_at", "pk")),
        "assignments": [assignment_row(part) for part in parts],
        "notes": [
            {"id": note.pk, "at": note.at, "author": _name(note.author), "text": note.text}
            for note in incident.notes.select_related("author")
        ],
        "attachments": [
            {"id": file.pk, "name": file.name, "bytes": file.bytes, "kind": file.content_type, "at": file.at, "author": _name(file.author)}
            for file in incident.attachments.select_related("author")
        ],
        "cameras": list(incident.cameras.order_by("pk").values_list("camera__code", flat=True)),
        "timeline": timeline(incident),
        "actions": actions_in(row["state"]) if rights_of(user).can(Can.DISPATCH) else [],
    }  # fmt: skip


def timeline(incident: Incident) -> list[dict[str, Any]]:
    """What happened, in the order in which it happened; `recorded_at` says when it was written down."""
    return [
        {
            "at": entry.at, "recorded_at": entry.recorded_at, "author": _name(entry.author),
            "what": entry.what, "detail": entry.detail,
        }
        for entry in incident.log.select_related("author")
    ]  # fmt: skip


def _name(user: Any) -> str | None:
    return user.get_username() if user is not None else None


def incident_row(incident_id: int, *, user: Any) -> dict[str, Any]:
    """One incident's row, fresh."""
    rows = incident_rows(restrict(user, Incident.objects.filter(pk=incident_id)))
    if not rows:
        raise NotFound(
            _("no incident {incident_id}").format(incident_id=incident_id), value=incident_id
        )
    return rows[0]


def unit_row(unit_id: int) -> dict[str, Any]:
    """One unit's row, fresh."""
    rows = unit_rows(Unit.objects.filter(pk=unit_id))
    if not rows:
        raise NotFound(_("no unit {unit_id}").format(unit_id=unit_id), value=unit_id)
    return rows[0]


def choices() -> dict[str, Any]:
    """Incident types for a form, by name."""
    return {
        "types": [
            {"code": kind.code, "name": kind.name, "name_en": kind.name_en or kind.name, "group": kind.group, "priority": kind.default_priority}
            for kind in IncidentType.objects.order_by("name")
        ]
    }  # fmt: skip
