"""The shift report: what came in, what was done, how fast, what is still open; no caller, no address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.platypus import Flowable, Spacer

from layers.access.policies import reportable
from layers.dispatch.performance.report import city_zone, performance_report
from layers.exporters.documents.paper import (
    HEADING,
    LEAD,
    SMALL,
    TITLE,
    document_pdf,
    table,
    text,
)
from layers.incidents.models import Call, Disposition, Incident, IncidentState
from layers.places.models import Area

_CLOSED = (IncidentState.CLOSED, IncidentState.CANCELLED, IncidentState.MERGED)
#: Incidents listed by number; more are counted only.
MOST_LISTED = 200


def shift_report_pdf(*, user: Any, start: datetime, end: datetime) -> bytes:
    """PDF of [start, end): calls, incidents, intervals, what is open. Counts of the user's rights."""
    report = performance_report(user=user, start=start, end=end)
    zone = city_zone()
    city = Area.objects.filter(level=Area.Level.CITY).order_by("pk").first()
    name = city.name if city else ""

    def moment(at: datetime | None) -> str:
        return "" if at is None else date_format(at.astimezone(zone), "j M Y H:i")

    period = f"{moment(start)} – {moment(end)} ({report['period']['time_zone']})"
    story: list[Flowable] = [
        text(_("Shift report"), TITLE),
        text(f"{name} · {period}" if name else period, LEAD),
        text(_("Calls"), HEADING),
        _counts(report["calls"]["by_kind"], Call.Kind, report["calls"]["n"], _("Kind")),
        Spacer(1, 6),
        _counts(report["calls"]["by_channel"], Call.Channel, report["calls"]["n"], _("Channel")),
        text(_("Incidents"), HEADING),
        table(
            [_("Type"), _("Number")],
            [*report["incidents"]["by_type"].items(), (_("together"), report["incidents"]["n"])],
            widths_mm=(120, 54), numbers=(1,),
        ),
        text(_("How each ended"), HEADING),
        _counts(
            report["incidents"]["by_disposition"], Disposition, report["incidents"]["n"], _("Disposition")
        ),
        text(_("Intervals"), HEADING),
        _intervals(report),
        text(_definitions_line(report), SMALL),
        text(_("Still open at the end"), HEADING),
        *_open(user, end, moment),
    ]  # fmt: skip
    foot = _("NCC Geo, printed %(at)s") % {"at": moment(timezone.now())}
    return document_pdf(story, title=_("Shift report"), foot=foot)


def _counts(counted: dict[str, int], choices: Any, n: int, head: str) -> Flowable:
    labels = dict(choices.choices)
    rows = [(labels.get(key, key), number) for key, number in counted.items()]
    return table(
        [head, _("Number")], [*rows, (_("together"), n)], widths_mm=(120, 54), numbers=(1,)
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes}:{seconds:02d}"


def _intervals(report: dict[str, Any]) -> Flowable:
    rows = []
    for definition in report["definitions"]:
        figures = report["total"].get(definition["key"])
        if figures is None:
            continue
        targets = {target["key"]: target["source"] for target in definition["targets"]}
        held = "; ".join(
            f"{targets[key]}: {100 * value['share']:.0f} % (n {value['n']})"
            for key, value in figures["within"].items()
            if value["share"] is not None
        )
        left_out = ", ".join(
            f"{report['excluded_titles'].get(reason, reason)} {number}"
            for reason, number in figures["excluded"].items()
        )
        rows.append(
            (definition["title"], figures["n"], _seconds(figures["p50_s"]), _seconds(figures["p90_s"]), held, left_out)
        )  # fmt: skip
    return table(
        [_("Interval"), "n", _("median (min:s)"), _("90 % within (min:s)"), _("Targets"), _("Left out")],
        rows, widths_mm=(32, 14, 20, 22, 50, 36), numbers=(1, 2, 3),
    )  # fmt: skip


def _definitions_line(report: dict[str, Any]) -> str:
    parts = [f"{one['title']}: {one['starts']} → {one['ends']}" for one in report["definitions"]]
    return "; ".join(parts).replace("→", "-") + f". {report['method']}"


def _open(user: Any, end: datetime, moment: Any) -> list[Flowable]:
    rows = (
        reportable(user, Incident.objects.all())
        .filter(reported_at__lt=end)
        .exclude(state__in=_CLOSED)
        .select_related("type", "area")
        .defer("geom", "area__geom")
        .order_by("priority", "reported_at")
    )
    listed = list(rows[: MOST_LISTED + 1])
    if not listed:
        return [text(_("Nothing is open."))]
    states = dict(IncidentState.choices)
    made: list[Flowable] = [
        table(
            [_("Number"), "P", _("Type"), _("Area"), _("State"), _("Reported")],
            [
                (row.number, row.priority, row.type.name, row.area.name if row.area else "",
                 states.get(row.state, row.state), moment(row.reported_at))
                for row in listed[:MOST_LISTED]
            ],
            widths_mm=(36, 8, 44, 32, 24, 30), numbers=(1,),
        )
    ]  # fmt: skip
    if len(listed) > MOST_LISTED:
        made.append(text(_("More are open; the list ends here."), SMALL))
    return made
