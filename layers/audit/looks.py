"""Writing down that somebody opened data that lists keep back."""

from __future__ import annotations

from typing import Any

from layers.audit.actor import current_actor
from layers.audit.models import Look


def look_record(*, user: Any, table: str, row_id: Any, what: str) -> Look:
    """A row that says who opened what, written before the data is handed out."""
    actor = current_actor()
    name = user.get_username() if user is not None and user.is_authenticated else "system"
    return Look.objects.create(
        user_id=getattr(user, "pk", None),
        actor=name,
        source=actor.source if actor else "sql",
        table_name=table,
        row_id=str(row_id),
        what=what[:80],
    )
