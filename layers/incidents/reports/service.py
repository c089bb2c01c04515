"""Taking reports at the door, and the decision of a person on each."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, require, rights_of
from layers.audit.actor import recorded
from layers.errors import Conflict, InvalidInput, NotFound, TooMany
from layers.events.services import NewEvent, events_publish
from layers.incidents.desk.attachments import attachment_add
from layers.incidents.desk.calls import call_create, call_incident_create
from layers.incidents.desk.places import area_of, point_checked
from layers.incidents.models import Call, Incident, IncidentType
from layers.incidents.reports.models import CitizenReport
from layers.incidents.reports.photos import photo_read, photo_store
from layers.places.models import Agency, Area

#: Reports of one address in ten minutes and in a day, and of all addresses in an hour.
PER_TEN_MINUTES, PER_DAY, ALL_PER_HOUR = 5, 30, 600
DESCRIPTION_MAX = 4000


def services() -> list[IncidentType]:
    """Kinds that may be reported: those whose details may be told at all, in the order of their names."""
    return list(IncidentType.objects.filter(sensitive=False).order_by("name"))


def report_create(
    *,
    channel: str,
    type_code: str,
    source: str,
    description: str = "",
    lon: float | None = None,
    lat: float | None = None,
    address: str = "",
    name: str = "",
    number: str = "",
    email: str = "",
    photo: bytes | None = None,
) -> CitizenReport:
    """Keep a report and put it into the triage queue.

    `source` is the network address it came from, of which only a keyed hash is kept, to tell floods.
    Raises `TooMany` for those, `InvalidInput` where neither a place nor an address is given.
    """
    kind = IncidentType.objects.filter(code=_text(type_code, 40), sensitive=False).first()
    if kind is None:
        raise InvalidInput(_("that kind cannot be reported here"), value=type_code[:40], where="type", remedy=_("choose one of the list"))  # fmt: skip
    if (lon is None) != (lat is None):
        raise InvalidInput(_("half of the coordinates is missing"), where="place", remedy=_("give both, or an address"))  # fmt: skip
    point = point_checked(lon, lat) if lon is not None and lat is not None else None
    if point is None and not address.strip():
        raise InvalidInput(_("the report has no place"), where="place", remedy=_("choose a place on the map, or write the address"))  # fmt: skip
    area = area_of(point) if point is not None else None
    government = _government(point)
    digest = _source_hash(source)
    _check_rate(digest)
    stored = photo_store(photo) if photo else ""
    with recorded():
        with connection.cursor() as cursor:
            # Two requests of one address count each other.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 311))", [digest])
        _check_rate(digest)
        report = CitizenReport.objects.create(
            token=secrets.token_urlsafe(24), channel=channel, type=kind, description=_text(description, DESCRIPTION_MAX),
            address=_text(address, 300), area_name=area.name if area else "", government=government,
            reporter_name=_text(name, 160), reporter_number=_text(number, 40), reporter_email=_text(email, 160),
            photo=stored, source_hash=digest, geom=point,
        )  # fmt: skip
        events_publish([_event("report.new", report)])
    return report


def _text(value: str, limit: int) -> str:
    return value.replace("\x00", "").strip()[:limit]


def _source_hash(source: str) -> str:
    return hashlib.blake2b(
        source.encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=32
    ).hexdigest()


def _check_rate(digest: str) -> None:
    now = timezone.now()
    own = CitizenReport.objects.filter(source_hash=digest)
    limits = (
        (own, timedelta(minutes=10), PER_TEN_MINUTES),
        (own, timedelta(days=1), PER_DAY),
        (CitizenReport.objects.all(), timedelta(hours=1), ALL_PER_HOUR),
    )
    for rows, span, most in limits:
        if rows.filter(created_at__gt=now - span).count() >= most:
            raise TooMany(
                _("too many reports in a short time"),
                remedy=_("wait a while; in an emergency call 112"),
            )


def _government(point: Point | None) -> str:
    """Code of the city that holds the point, else of the first city there is."""
    cities = Area.objects.filter(level=Area.Level.CITY).order_by("pk")
    if point is not None:
        holding = cities.filter(geom__covers=point).values_list("code", flat=True).first()
        if holding:
            return str(holding)[:13]
    return str(cities.values_list("code", flat=True).first() or "")[:13]


def _event(kind: str, report: CitizenReport) -> NewEvent:
    """For the triage queue: ids and states; an agency of the same government carries the scope."""
    agency = Agency.objects.filter(government=report.government).order_by("pk").first()
    return NewEvent(
        kind, "triage", report.pk, agency.pk if agency else None,
        payload={"id": report.pk, "code": report.code, "state": report.state, "type": report.type.code},
    )  # fmt: skip


def report_visible(report_id: int, *, user: Any, lock: bool = False) -> CitizenReport:
    """A report that the user may judge; raises `NotFound`."""
    rights = rights_of(user)
    rows = CitizenReport.objects.select_related("type", "call__incident")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(pk=report_id).first()
    mine = rights.everywhere or (row is not None and row.government in {"", *rights.governments})
    if row is None or not mine:
        raise NotFound(_("no report {report_id}").format(report_id=report_id), value=report_id)
    return row


def report_accept(
    report_id: int,
    *,
    user: Any,
    type_code: str = "",
    summary: str = "",
    priority: int | None = None,
) -> Incident:
    """Make a call and its incident out of a report; of two who decide, the second is told.

    The reporter's name and number go into the call, the photo to the incident's attachments.
    """
    require(user, Can.TAKE_CALLS)
    with recorded():
        report = _undecided(report_id, user)
        lon, lat = (report.geom.x, report.geom.y) if report.geom else (None, None)
        call = call_create(
            user=user, channel=Call.Channel.APP, arrived_at=report.created_at if _recent(report) else None,
            caller_name=report.reporter_name, caller_number=report.reporter_number, note=report.description[:2000],
            lon=lon, lat=lat, place_text=report.address,
        )  # fmt: skip
        fields: dict[str, Any] = {"summary": _text(summary, 500)}
        if priority is not None:
            fields["priority"] = priority
        incident = call_incident_create(
            call.pk, user=user, type_code=_text(type_code, 40) or report.type.code, **fields
        )
        photo = photo_read(report.photo)
        if photo:
            attachment_add(incident.pk, user=user, name=f"{report.code}.jpg", size=len(photo), chunks=[photo])  # fmt: skip
        _decide(report, CitizenReport.State.ACCEPTED, user=user, call=call)
    return incident


def _recent(report: CitizenReport) -> bool:
    return timezone.now() - report.created_at < timedelta(days=6)


def report_reject(report_id: int, *, user: Any, reason: str) -> CitizenReport:
    """Decline a report; the reason is told to the reporter."""
    require(user, Can.TAKE_CALLS)
    reason = _text(reason, 300)
    if not reason:
        raise InvalidInput(_("a reason is missing"), where="reason", remedy=_("say why; the reporter reads it"))  # fmt: skip
    with recorded():
        report = _undecided(report_id, user)
        _decide(report, CitizenReport.State.REJECTED, user=user, reason=reason)
    return report


def _undecided(report_id: int, user: Any) -> CitizenReport:
    report = report_visible(report_id, user=user, lock=True)
    if report.state != CitizenReport.State.NEW:
        by = report.decided_by.get_username() if report.decided_by else ""
        raise Conflict(
            _("{code} was decided by {who} already").format(
                code=report.code, who=by or _("somebody else")
            ),
            value=report.state,
            remedy=_("load the queue again"),
            details={"state": report.state, "by": by},
        )
    return report


def _decide(
    report: CitizenReport, state: str, *, user: Any, call: Call | None = None, reason: str = ""
) -> None:
    report.state, report.call, report.reason = state, call, reason
    report.decided_at, report.decided_by = timezone.now(), user
    report.save(update_fields=["state", "call", "reason", "decided_at", "decided_by", "updated_at"])
    events_publish([_event("report.decided", report)])
