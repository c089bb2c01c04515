"""Statuses of units: set by a person, or following from steps; every change is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, restrict, rights_of
from layers.assets.models import Station
from layers.audit.actor import recorded
from layers.dispatch.assigning.table import STEP_OF_STATUS, STEP_STATUS, StatusCode
from layers.dispatch.models import (
    Assignment,
    StatusClass,
    Step,
    Unit,
    UnitAccount,
    UnitStatus,
    UnitStatusChange,
)
from layers.dispatch.outbox import unit_event
from layers.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from layers.events.services import events_publish
from layers.incidents.lifecycle.services import rows_lock, version_check
from layers.incidents.models import Incident
from layers.incidents.outbox import author_of


def unit_of_account(user: Any) -> Unit | None:
    """The unit an account of a crew drives now; None without the role or the link."""
    if user is None or not rights_of(user).can(Can.DRIVE_UNIT):
        return None
    link = UnitAccount.objects.filter(user=user).select_related("unit").first()
    return link.unit if link else None


def units_allowed(user: Any) -> Any:
    """Units a user may act on: a dispatcher's, or the one the account drives."""
    rows = Unit.objects.select_related("status", "agency", "station")
    if user is None:
        return rows
    if rights_of(user).can(Can.DISPATCH):
        return restrict(user, rows)
    own = unit_of_account(user)
    return rows.filter(pk=own.pk) if own else rows.none()


def units_lock(ids: Iterable[int]) -> list[Unit]:
    """Units locked in the order of their ids, so that two dispatches never wait for each other in a ring."""
    wanted = set(ids)
    rows_lock(Unit, wanted)
    rows = Unit.objects.select_related("status", "agency", "station").filter(pk__in=wanted)
    return list(rows.order_by("pk"))


def status_of_code(code: str) -> UnitStatus:
    """A status by its code."""
    status = UnitStatus.objects.filter(code=code).first()
    if status is None:
        raise Unavailable(_("the status {code} is missing").format(code=code), value=code, remedy=_("load the reference tables again: bin/manage migrate"))  # fmt: skip
    return status


def status_enter(
    unit: Unit,
    code: str,
    *,
    user: Any,
    at: datetime,
    reason: str = "",
    incident: Incident | None = None,
    post: Station | None = None,
) -> None:
    """Give a locked unit a status and write it down; nothing when it has it. Standing in at a `post`
    ends with the next status."""
    if unit.status.code == code and not reason and unit.post_id is None:
        return
    status = status_of_code(code)
    unit.status = status
    unit.status_since = at
    unit.status_reason = reason
    unit.post = post
    unit.version += 1
    unit.save(update_fields=["status", "status_since", "status_reason", "post", "version", "updated_at"])  # fmt: skip
    UnitStatusChange.objects.create(
        unit=unit, status=status, at=at, reason=reason, incident=incident, author=author_of(user)
    )


def active_assignments(unit: Unit) -> list[Assignment]:
    """What the unit is on, oldest first."""
    return list(
        Assignment.objects.filter(unit=unit, cleared_at__isnull=True, cancelled_at__isnull=True)
        .select_related("incident", "unit__status")
        .order_by("pk")
    )


def status_follow(unit: Unit, *, user: Any, at: datetime, left: Step | None, incident: Incident) -> None:  # fmt: skip
    """Let a locked unit's status follow from what it is on now; `left` says how it ended the last one.

    A unit on several incidents has the status of the one it is busiest with.
    """
    steps = [(one.step, one.incident) for one in active_assignments(unit)]
    if steps:
        order = list(Step)
        step, busiest = max(steps, key=lambda one: order.index(one[0]))
        status_enter(unit, STEP_STATUS[step], user=user, at=at, incident=busiest)
    elif left == Step.CLEAR:
        status_enter(unit, StatusCode.RETURNING, user=user, at=at, incident=incident)
    else:
        status_enter(unit, StatusCode.AVAILABLE, user=user, at=at, incident=incident)


def unit_status_set(
    unit_id: int,
    *,
    user: Any,
    code: str,
    reason: str = "",
    version: int | None = None,
    override: bool = False,
    post: str = "",
) -> Unit:
    """Set a status by hand. Steps of a job are not statuses to set, and a unit on a job stays in service.

    `post`: code of the station where a free unit is to stand in, which its crew reads as the reason.
    """
    if not units_allowed(user).filter(pk=unit_id).exists():
        raise NotFound(_("no unit {unit_id}").format(unit_id=unit_id), value=unit_id)
    with recorded():
        unit = units_lock([unit_id])[0]
        version_check(unit, version, what=unit.callsign)
        status = UnitStatus.objects.filter(code=code).first()
        if status is None:
            raise InvalidInput(_("no status {code}").format(code=code), value=code, where="status", remedy=_("choose one of the list of statuses"))  # fmt: skip
        if status.needs_reason and not reason.strip():
            raise InvalidInput(_("{what} needs a reason").format(what=status.called), where="reason", remedy=_("say why in a word"))  # fmt: skip
        jobs = active_assignments(unit)
        if jobs:
            _refuse_while_on_job(unit, status, jobs)
        if code in STEP_OF_STATUS and not (override and reason.strip()):
            raise Conflict(
                _("{status} follows from an assignment").format(status=status.called),
                value=code,
                remedy=_("dispatch the unit, or override with a reason"),
            )
        station = _post(post, status, user) if post else None
        if station is not None:
            reason = reason or f"→ {station.code} {station.name}"[:200]
        status_enter(unit, code, user=user, at=timezone.now(), reason=reason, post=station)
        events_publish([unit_event(unit)])
    return unit


def _post(code: str, status: UnitStatus, user: Any) -> Station:
    """The station of a code, for a unit that stays free."""
    stations = Station.objects.all() if user is None else restrict(user, Station.objects.all())
    station = stations.filter(code=code).first()
    if station is None:
        raise InvalidInput(_("no station {code}").format(code=code), value=code, where="post", remedy=_("give the code of a station that you may see"))  # fmt: skip
    if status.status_class != StatusClass.AVAILABLE:
        raise InvalidInput(_("only a free unit can stand in at a station"), value=status.code, where="status", remedy=_("choose a status in which it can be sent"))  # fmt: skip
    return station


def _refuse_while_on_job(unit: Unit, status: UnitStatus, jobs: list[Assignment]) -> None:
    numbers = [job.incident.number for job in jobs]
    if status.status_class == StatusClass.UNAVAILABLE:
        remedy = _("clear or cancel it there first")
    else:
        remedy = _("use the steps of its assignment")
    raise Conflict(
        _("{callsign} is on {list}").format(callsign=unit.callsign, list=", ".join(numbers)),
        value=numbers,
        remedy=remedy,
        details={"incidents": numbers, "assignments": [job.pk for job in jobs]},
    )


def unit_link(user_id: int, unit: Unit | None) -> None:
    """Bind an account to the unit it drives, or free it."""
    with recorded():
        if unit is None:
            UnitAccount.objects.filter(user_id=user_id).delete()
        else:
            UnitAccount.objects.update_or_create(user_id=user_id, defaults={"unit": unit})


def require_own_or_dispatch(user: Any, unit_id: int) -> bool:
    """Whether the user acts as the unit itself; `Forbidden` for one that is neither."""
    if user is None or rights_of(user).can(Can.DISPATCH):
        return False
    own = unit_of_account(user)
    if own is None or own.pk != unit_id:
        raise Forbidden(_("this is not your unit"), remedy=_("ask the control room"))
    return True
