"""What the demonstration city's control room begins with: who helps whom, whose phone is whose, and a night under way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from layers.access.models import User
from layers.audit.actor import recorded
from layers.dispatch.assigning.services import units_dispatch
from layers.dispatch.assigning.statuses import unit_link
from layers.dispatch.assigning.stepping import assignment_step
from layers.dispatch.models import RunCard, Step, Unit, UnitAccount
from layers.dispatch.rules import AgencyRule, Sending
from layers.geo.crs import geodesic_m
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Call, Incident
from layers.places.models import Agency, Origin

#: Code of an agency → (kind of unit or "", order in which it is asked).
_HELPERS = {"basarnas": ("", 1), "pmi": ("ambulance", 2), "satpolpp": ("police", 3), "kabmalang": ("", 9)}  # fmt: skip


def demo_rules_create() -> int:
    """Give the helpers of the demonstration city their rule unless they have one; returns how many."""
    made = 0
    for agency in Agency.objects.filter(code__in=_HELPERS):
        kind, order = _HELPERS[agency.code]
        made += AgencyRule.objects.get_or_create(
            agency=agency, kind=kind, defaults={"sending": Sending.AID, "aid_order": order}
        )[1]
    return made


#: Minutes ago at which the open incidents were reported, oldest first, and the steps their units have taken
#: by now, each with the minutes after the report.
_UNDER_WAY: tuple[tuple[float, tuple[tuple[Step, float], ...]], ...] = (
    (34.0, ((Step.DISPATCHED, 1.1), (Step.ACKNOWLEDGED, 1.5), (Step.EN_ROUTE, 2.4), (Step.ON_SCENE, 9.0))),
    (19.0, ((Step.DISPATCHED, 0.9), (Step.ACKNOWLEDGED, 1.2), (Step.EN_ROUTE, 2.1), (Step.ON_SCENE, 8.2))),
    (6.0, ((Step.DISPATCHED, 0.8), (Step.ACKNOWLEDGED, 1.1), (Step.EN_ROUTE, 1.9))),
    (2.5, ((Step.DISPATCHED, 0.9),)),
    (1.4, ()),
    (0.6, ()),
)  # fmt: skip
#: The account of a crew in the demonstration city, and the kind of unit it drives.
_CREW_ACCOUNT, _CREW_KIND = "unit", "fire"


def demo_crew_link() -> bool:
    """Bind the demonstration account of a crew to a unit of its agency, unless it has one."""
    user = User.objects.filter(username=_CREW_ACCOUNT).first()
    unit = Unit.objects.filter(kind=_CREW_KIND, agency__code="damkar").order_by("callsign").first()
    if user is None or unit is None or UnitAccount.objects.filter(user=user).exists():
        return False
    unit_link(user.pk, unit)
    return True


def demo_night_begin(*, now: datetime | None = None) -> int:
    """Let the open incidents of the demonstration have come in during the last half hour, with units sent.

    Done through the services a dispatcher uses, so that statuses, stamps and timelines agree.
    Returns how many units were sent.
    """
    now = now or timezone.now()
    rows = Incident.objects.filter(origin=Origin.DEMO, state__in=OPEN_STATES).order_by("reported_at")  # fmt: skip
    dispatcher = User.objects.filter(username="dispatcher").first()
    sent = 0
    for incident, (minutes, steps) in zip(rows, _UNDER_WAY, strict=False):
        reported = (now - timedelta(minutes=minutes)).replace(microsecond=0)
        _report_at(incident, reported)
        if steps:
            sent += _send(incident, reported, steps, dispatcher)
    return sent


def _report_at(incident: Incident, reported: datetime) -> None:
    """Move an incident that nobody has touched, and its calls, to another time."""
    later = reported - incident.reported_at
    with recorded():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('ncc.import', 'on', true)")
        Incident.objects.filter(pk=incident.pk).update(
            state="pending" if incident.priority < 4 else "new", reported_at=reported, state_since=reported
        )  # fmt: skip
        for call in Call.objects.filter(incident=incident):
            call.arrived_at += later
            call.answered_at = call.answered_at and call.answered_at + later
            call.ended_at = call.ended_at and call.ended_at + later
            call.save()


def _send(
    incident: Incident, reported: datetime, steps: tuple[tuple[Step, float], ...], user: Any
) -> int:
    """Send what the run card asks for, the nearest in a straight line, and let them take their steps."""
    signs = _nearest_free(incident)
    if not signs:
        return 0
    moments = [(step, reported + timedelta(minutes=after)) for step, after in steps]
    outcome = units_dispatch(incident.pk, user=user, callsigns=signs, at=moments[0][1])
    for number, part in enumerate(outcome.assigned):
        for step, moment in moments[1:]:
            at = moment + timedelta(seconds=13 * number)
            assignment_step(part.pk, user=user, step=step, at=at)
    return len(outcome.assigned)


def _nearest_free(incident: Incident) -> list[str]:
    cards = RunCard.objects.filter(incident_type=incident.type, alarm_level=1).order_by("pk")
    free = list(
        Unit.objects.filter(status__code__in=("available", "patrol"), position__isnull=False)
        .select_related("position")
        .order_by("callsign")
    )
    place = incident.geom
    free.sort(key=lambda unit: geodesic_m(unit.position.geom.x, unit.position.geom.y, place.x, place.y))  # fmt: skip
    chosen: list[str] = []
    for card in cards:
        fitting = [
            unit.callsign
            for unit in free
            if unit.kind == card.kind
            and unit.callsign not in chosen
            and (not card.capability or card.capability in unit.capabilities)
        ]
        chosen += fitting[: card.count]
    return chosen
