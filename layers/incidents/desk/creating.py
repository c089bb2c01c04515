"""Making incidents and correcting what is known about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, rights_of
from layers.audit.actor import recorded
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import events_publish
from layers.incidents.desk.numbers import incident_number_draw
from layers.incidents.desk.places import Spot, point_checked, spot_find
from layers.incidents.desk.times import time_checked
from layers.incidents.lifecycle.services import incident_lock, incident_save, seen_by
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Incident, IncidentState, IncidentType, LocationSource
from layers.incidents.outbox import author_of, incident_event, log_add
from layers.places.models import Agency

#: How far ahead an incident may be scheduled.
SCHEDULE_AHEAD_MAX = timedelta(days=366)
#: Fields of an incident that a dispatcher corrects by hand.
EDITABLE = (
    "type", "priority", "alarm_level", "address", "summary", "agency", "lon", "lat", "accuracy_m",
    "location_source", "scheduled_for",
)  # fmt: skip


def type_of_code(code: str) -> IncidentType:
    """An incident type by its code."""
    kind = IncidentType.objects.select_related("lead_agency").filter(code=code).first()
    if kind is None:
        raise InvalidInput(
            _("no incident type {code}").format(code=code), value=code, where="type", remedy=_("choose one of the list of types")
        )  # fmt: skip
    return kind


def lead_agency(code: str | None, *, kind: IncidentType, user: Any) -> Agency | None:
    """The agency that leads: the one named, that of the type, or one the user acts for."""
    if code:
        agency = Agency.objects.filter(code=code).first()
        if agency is None or not _may_lead(user, agency):
            raise InvalidInput(
                _("no agency {code}").format(code=code), value=code, where="agency", remedy=_("choose one of your city's agencies")
            )  # fmt: skip
        return agency
    if kind.lead_agency is not None and _may_lead(user, kind.lead_agency):
        return kind.lead_agency
    return own_agency(user)


def _may_lead(user: Any, agency: Agency) -> bool:
    rights = rights_of(user)
    return (
        user is None
        or rights.everywhere
        or agency.pk in rights.agencies
        or not agency.government
        or agency.government in rights.governments
    )


def own_agency(user: Any) -> Agency | None:
    """The agency a user acts for in operations: an own one, else one of the own government's.

    Who is bound to no agency acts for the city itself. The lowest id where there are several.
    """
    rights = rights_of(user)
    known = Agency.objects.order_by("pk")
    if rights.agencies:
        return known.filter(pk__in=sorted(rights.agencies)).first()
    city = known.filter(kind=Agency.Kind.CITY)
    if user is not None and rights.governments and not rights.everywhere:
        return city.filter(government__in=sorted(rights.governments)).first()
    return city.exclude(government="").first()


def schedule_check(scheduled_for: datetime | None) -> datetime | None:
    """A time ahead within a year, or None."""
    if scheduled_for is None:
        return None
    now = timezone.now()
    if not now < scheduled_for <= now + SCHEDULE_AHEAD_MAX:
        raise InvalidInput(
            _("a scheduled incident lies ahead, by a year at most"),
            value=scheduled_for.isoformat(),
            where="scheduled_for",
            remedy=_("leave it empty for what happens now"),
        )
    return scheduled_for


def incident_create(
    *,
    user: Any,
    kind: IncidentType,
    spot: Spot,
    reported_at: datetime | None = None,
    priority: int | None = None,
    alarm_level: int = 1,
    address: str = "",
    summary: str = "",
    agency: str | None = None,
    scheduled_for: datetime | None = None,
    source: str = "",
) -> Incident:
    """A new incident at a spot. Call it inside the caller's transaction, which publishes last.

    `spot` gives the place; its area is filled in. `source` says in the timeline what it came from.
    """
    area = spot.area
    incident = Incident(
        type=kind,
        initial_type=kind,
        state=IncidentState.NEW,
        priority=priority or kind.default_priority,
        alarm_level=alarm_level,
        agency=lead_agency(agency, kind=kind, user=user),
        area=area,
        address=address or spot.label,
        summary=summary,
        reported_at=reported_at or timezone.now(),
        scheduled_for=schedule_check(scheduled_for),
        location_accuracy_m=spot.accuracy_m,
        location_source=spot.source,
        geom=spot.point,
        created_by=author_of(user),
    )
    incident.number = incident_number_draw(timezone.now())
    incident.save(force_insert=True)
    log_add(incident, "created", user=user, at=incident.reported_at, type=kind.code, source=source)
    return incident


def incident_report(*, user: Any, type_code: str, lon: float | None, lat: float | None, accuracy_m: float | None = None, location_source: str = "", place_text: str = "", **fields: Any) -> Incident:  # fmt: skip
    """An incident without a call, such as one met on patrol."""
    fields["reported_at"] = time_checked(fields.get("reported_at"), now=timezone.now())
    with recorded():
        kind = type_of_code(type_code)
        spot = spot_find(lon=lon, lat=lat, accuracy_m=accuracy_m, source=location_source, text=place_text or fields.get("address", ""))  # fmt: skip
        if spot is None:
            raise place_missing()
        incident = incident_create(user=user, kind=kind, spot=spot, source="radio", **fields)
        events_publish([incident_event(incident)])
    return incident


def place_missing() -> InvalidInput:
    """The refusal of an incident that is nowhere."""
    return InvalidInput(
        _("the place is missing or names several places"),
        where="lon",
        remedy=_("click on the map, choose a search result, or give coordinates"),
    )


def incident_edit(
    incident_id: int, *, user: Any, version: int, changes: dict[str, Any]
) -> Incident:
    """Correct what is known of an incident; the first type stays, closed ones stay as they are."""
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise InvalidInput(_("{list} cannot be edited").format(list=', '.join(sorted(unknown))), remedy=_("editable: {list}").format(list=', '.join(EDITABLE)))  # fmt: skip
    with recorded():
        incident = incident_lock(incident_id, user=user, version=version)
        if incident.state not in OPEN_STATES:
            raise Conflict(
                _("{number} is {state}").format(
                    number=incident.number, state=incident.get_state_display()
                ),
                value=incident.state,
                remedy=_("reopen it to change it"),
            )
        fields, detail = _apply(incident, changes, user)
        if fields:
            incident_save(incident, *fields)
            log_add(incident, "edited", user=user, **detail)
            events_publish([incident_event(incident)])
    return incident


def _apply(
    incident: Incident, changes: dict[str, Any], user: Any
) -> tuple[list[str], dict[str, Any]]:
    """Set what really changes; the columns, and what the timeline says (no place as text)."""
    fields: list[str] = []
    detail: dict[str, Any] = {}
    for name in ("priority", "alarm_level", "address", "summary", "location_source"):
        if (
            name in changes
            and changes[name] is not None
            and getattr(incident, name) != changes[name]
        ):
            if name in ("priority", "alarm_level"):
                detail[name] = [getattr(incident, name), changes[name]]
            else:
                detail[name] = True
            setattr(incident, name, changes[name])
            fields.append(name)
    if changes.get("type") and changes["type"] != incident.type.code:
        kind = type_of_code(changes["type"])
        detail["type"] = [incident.type.code, kind.code]
        incident.type = kind
        fields.append("type")
    if changes.get("agency"):
        agency = lead_agency(changes["agency"], kind=incident.type, user=user)
        if agency is not None and agency.pk != incident.agency_id:
            detail["agency"] = [incident.agency.code if incident.agency else None, agency.code]
            incident.agency = agency
            fields.append("agency")
    if "scheduled_for" in changes and changes["scheduled_for"] != incident.scheduled_for:
        if incident.first_dispatch_at is not None:
            raise Conflict(_("{number} was dispatched already").format(number=incident.number), remedy=_("its time cannot be moved"))  # fmt: skip
        incident.scheduled_for = schedule_check(changes["scheduled_for"])
        detail["scheduled_for"] = True
        fields.append("scheduled_for")
    if changes.get("lon") is not None or changes.get("lat") is not None:
        fields += _move(incident, changes)
        detail["place"] = True
    return fields, detail


def _move(incident: Incident, changes: dict[str, Any]) -> list[str]:
    lon, lat = changes.get("lon"), changes.get("lat")
    if lon is None or lat is None:
        raise InvalidInput(_("half of the coordinates is missing"), remedy=_("give lon and lat"))
    spot = Spot(point_checked(lon, lat), changes.get("accuracy_m"), changes.get("location_source") or LocationSource.CLICK)  # fmt: skip
    incident.geom = spot.point
    incident.area = spot.area
    incident.location_accuracy_m = spot.accuracy_m
    incident.location_source = spot.source
    return ["geom", "area", "location_accuracy_m", "location_source"]


def incident_by_number(number: str, *, user: Any) -> Incident:
    """An incident the user may see, by its number."""
    incident = seen_by(user, Incident.objects.all()).filter(number=number.strip().upper()).first()
    if incident is None:
        raise NotFound(_("no incident {number}").format(number=number), value=number, remedy=_("look at its number on the board"))  # fmt: skip
    return incident


def may_dispatch(user: Any) -> bool:
    """Whether the user moves incidents, rather than only making them."""
    return rights_of(user).can(Can.DISPATCH)
