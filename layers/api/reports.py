"""How well it went: intervals with their definitions, the rows behind them, the shift report."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from openpyxl import Workbook
from pydantic import Field as Named

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.dispatch.performance.measuring import measurements
from layers.dispatch.performance.report import (
    COLUMNS,
    export_rows,
    performance_report,
    period_of,
)
from layers.exporters.documents.shift_report import shift_report_pdf
from layers.exporters.formats import spreadsheet_text

router = new_router("reports")


class PeriodIn(Schema):
    """A period: `from` and `to`, by default the last 30 days; without an offset in the city's time."""

    start: datetime | None = Named(None, alias="from")
    end: datetime | None = Named(None, alias="to")


@router.get("/performance")
@open_to(Can.REPORT)
def performance(request: HttpRequest, period: Query[PeriodIn], by: str = "none") -> dict[str, Any]:
    """Intervals of a period: median, 90th percentile, share within each target, and what was left out."""
    start, end = period_of(period.start, period.end)
    return performance_report(user=request.user, start=start, end=end, by=by)


def _rows(request: HttpRequest, period: PeriodIn) -> list[list[Any]]:
    start, end = period_of(period.start, period.end)
    found = export_rows(measurements(request.user, start, end))
    return [[spreadsheet_text(value) for value in row] for row in found]


def _file(body: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@router.get("/performance/rows.csv")
@open_to(Can.REPORT)
def rows_csv(request: HttpRequest, period: Query[PeriodIn]) -> HttpResponse:
    """Every measured case as CSV: each published figure can be made from it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(request, period))
    return _file(out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "performance.csv")


@router.get("/performance/rows.xlsx")
@open_to(Can.REPORT)
def rows_xlsx(request: HttpRequest, period: Query[PeriodIn]) -> HttpResponse:
    """The same as a spreadsheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("performance")
    sheet.append(list(COLUMNS))
    for row in _rows(request, period):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(out.getvalue(), kind, "performance.xlsx")


@router.get("/performance/shift-report.pdf")
@open_to(Can.REPORT)
def shift_report(request: HttpRequest, period: Query[PeriodIn]) -> HttpResponse:
    """The shift report of the period, to print."""
    start, end = period_of(period.start, period.end)
    body = shift_report_pdf(user=request.user, start=start, end=end)
    return _file(body, "application/pdf", "shift-report.pdf")
