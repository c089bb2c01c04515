"""Numbers without gaps or repeats: drawn in the transaction that uses them, one writer at a time."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils import timezone

from layers.geo.sql import load_sql
from layers.incidents.models import Call, Incident

_NEXT = "UPDATE layers_numberseries SET last = last + 1 WHERE name = %s RETURNING last"


def incident_number_draw(at: datetime) -> str:
    """The next number of the year `at` falls in, such as `INC-2026-00042`.

    Call it as late as possible: others who draw wait until the transaction ends. When it is rolled
    back the number is given to the next.
    """
    start = f"INC-{timezone.localtime(at):%Y}-"
    while True:
        number = f"{start}{_draw(start, 'number_series_incident'):05d}"
        if not Incident.objects.filter(number=number).exists():
            return number


def call_code_draw() -> str:
    """The next code of a call, such as `CALL-000042`."""
    while True:
        code = f"CALL-{_draw('CALL-', 'number_series_call'):06d}"
        if not Call.objects.filter(code=code).exists():
            return code


def _draw(start: str, beginning: str) -> int:
    """One more than the last number drawn; a new series begins after the highest imported one."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [start])
        row = cursor.fetchone()
        if row is None:
            cursor.execute(load_sql("incidents", beginning), {"start": start})
            cursor.execute(_NEXT, [start])
            row = cursor.fetchone()
        return int(row[0])
