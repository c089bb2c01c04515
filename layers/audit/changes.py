"""Who changed a row last: read from the history that triggers keep."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Model

from layers.audit.models import Change


class LastChange(NamedTuple):
    """Who changed a row last, and when; `by` is empty where no person was named."""

    by: str
    at: datetime


def change_last(row: Model) -> LastChange | None:
    """The newest change of a row in the history; None where it has none."""
    found = (
        Change.objects.filter(table_name=row._meta.db_table, row_id=str(row.pk))
        .order_by("-id")
        .values_list("actor_id", "actor", "at")
        .first()
    )
    if found is None:
        return None
    # Without an account the history names the database's role, which tells a reader nothing.
    return LastChange(found[1] if found[0] is not None else "", found[2])


def change_details(row: Model) -> dict[str, str | None]:
    """Author and time of the last change, as a refusal tells them."""
    last = change_last(row)
    if last is None:
        return {"changed_by": None, "changed_at": None}
    return {"changed_by": last.by or None, "changed_at": last.at.isoformat()}
