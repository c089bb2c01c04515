"""The performance report: a period, its figures, its calls and incidents counted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import reportable
from layers.dispatch.performance.measuring import Measurement, measurements
from layers.dispatch.performance.statistics import (
    PERCENTILE_METHOD,
    definitions,
    excluded_titles,
    figures_by,
)
from layers.errors import InvalidInput
from layers.incidents.models import Call, Incident
from layers.places.models import City

#: Longest period of one report (days): two years and a bit, so that a year can be set beside the last.
LONGEST_DAYS = 800


def city_zone() -> ZoneInfo:
    """Time zone that hours, days and shifts are those of."""
    name = City.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return ZoneInfo(name or settings.TIME_ZONE)


def period_of(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The period asked for, by default the last 30 days; without an offset times are the city's.

    Raises `InvalidInput` for a period that is none, or longer than `LONGEST_DAYS`.
    """
    zone = city_zone()
    end = timezone.now() if end is None else _in(zone, end)
    start = end - timedelta(days=30) if start is None else _in(zone, start)
    if start >= end:
        raise InvalidInput(
            _("the period ends {end}, not after its start {start}").format(end=f"{end:%Y-%m-%d %H:%M}", start=f"{start:%Y-%m-%d %H:%M}"),
            value=(start, end), where="from, to", remedy=_("give from before to"),
        )  # fmt: skip
    if end - start > timedelta(days=LONGEST_DAYS):
        raise InvalidInput(
            _("the period has {days} days").format(days=(end - start).days), value=(end - start).days, where="from, to",
            remedy=_("ask for at most {days} days").format(days=LONGEST_DAYS),
        )  # fmt: skip
    return start, end


def _in(zone: ZoneInfo, at: datetime) -> datetime:
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def performance_report(
    *, user: Any, start: datetime, end: datetime, by: str = "none"
) -> dict[str, Any]:
    """Figures of [start, end): for everything, and by a grouping; with definitions and counts.

    `{period, method, definitions, excluded_titles, total, by, groups, calls, incidents}`.
    """
    zone = city_zone()
    found = measurements(user, start, end)
    total = figures_by(found, by="none", zone=zone)
    return {
        "period": {"from": start.astimezone(zone), "to": end.astimezone(zone), "time_zone": str(zone)},
        "method": PERCENTILE_METHOD,
        "definitions": definitions(),
        "excluded_titles": excluded_titles(),
        "total": total[0]["intervals"] if total else {},
        "by": by,
        "groups": [] if by == "none" else figures_by(found, by=by, zone=zone),
        "calls": calls_counted(user, start, end),
        "incidents": incidents_counted(user, start, end),
    }  # fmt: skip


def calls_counted(user: Any, start: datetime, end: datetime) -> dict[str, Any]:
    """Calls of the period by kind and channel; ghost and prank calls are counted, never incidents."""
    rows = list(
        reportable(user, Call.objects.all())
        .filter(arrived_at__gte=start, arrived_at__lt=end)
        .values_list("kind", "channel")
    )
    return {
        "n": len(rows),
        "by_kind": dict(sorted(Counter(kind for kind, _ in rows).items())),
        "by_channel": dict(sorted(Counter(channel for _, channel in rows).items())),
    }


def incidents_counted(user: Any, start: datetime, end: datetime) -> dict[str, Any]:
    """Incidents of the period by type, state and disposition."""
    rows = list(
        reportable(user, Incident.objects.all())
        .filter(reported_at__gte=start, reported_at__lt=end)
        .values_list("type__name", "state", "disposition")
    )
    return {
        "n": len(rows),
        "by_type": dict(Counter(name for name, _, _ in rows).most_common()),
        "by_state": dict(sorted(Counter(state for _, state, _ in rows).items())),
        "by_disposition": dict(sorted(Counter(how for _, _, how in rows if how).items())),
    }


#: Columns of the export, in order; one row a case and interval.
COLUMNS = (
    "interval", "number", "unit", "agency", "kind", "type", "area_code", "area", "priority", "channel",
    "at", "hour", "month", "start_at", "end_at", "seconds", "excluded",
)  # fmt: skip


def export_rows(found: list[Measurement]) -> list[list[Any]]:
    """Rows under `COLUMNS`, times as ISO 8601 of the city's zone: every figure can be made from them."""
    zone = city_zone()

    def stamp(at: datetime | None) -> str:
        return "" if at is None else at.astimezone(zone).isoformat(timespec="seconds")

    return [
        [
            one.interval.key, one.case.number, one.case.unit, one.case.agency, one.case.kind, one.case.type,
            one.case.area, one.case.area_name, one.case.priority, one.case.channel, stamp(one.case.at),
            one.case.at.astimezone(zone).hour, f"{one.case.at.astimezone(zone):%Y-%m}",
            stamp(one.start), stamp(one.end), one.seconds, one.excluded,
        ]
        for one in found
    ]  # fmt: skip
