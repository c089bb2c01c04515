"""Reading the outbox by id, without ever skipping an event that commits late."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from layers.geo.sql import load_sql

HORIZON_SQL = "SELECT layers_event_horizon()"
OLDEST_SQL = "SELECT min(id) FROM layers_event"


@dataclass(frozen=True)
class EventRow:
    """An event as readers get it."""

    id: int
    at: datetime
    kind: str
    layer: str
    object_id: str
    agency_id: int | None
    area_id: int | None
    visibility: str
    payload: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """What travels to a client that may see the event."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "kind": self.kind,
            "layer": self.layer,
            "object": self.object_id,
            "agency": self.agency_id,
            "payload": self.payload,
        }


def event_row(columns: Sequence[Any]) -> EventRow:
    """A row of `events_after.sql`; the payload may come as text or decoded."""
    values = list(columns)
    if isinstance(values[-1], str):
        values[-1] = json.loads(values[-1])
    return EventRow(*values)


def events_after_sql() -> str:
    """The query with parameters `after`, `horizon` and `limit`."""
    return load_sql("events", "events_after")


def event_horizon() -> int:
    """Highest id up to which everything is visible and nothing more can appear; 0 when empty.

    Ids are drawn before commit, so a low one may become visible after a high one. A publisher
    therefore holds, until it ends, an advisory lock that names the highest id drawn before its
    own (sql/triggers.sql); the horizon is the lowest such name. Long transactions that publish
    nothing hold nobody up. Ask for it *before* the data of a snapshot is read: every event up to
    it is then in the snapshot. Needs READ COMMITTED and the primary server.
    """
    with connection.cursor() as cursor:
        cursor.execute(HORIZON_SQL)
        return int(cursor.fetchone()[0])


def events_after(
    last_id: int, *, allowed: Callable[[EventRow], bool], limit: int = 1000
) -> tuple[list[EventRow], int]:
    """Events after `last_id` that the reader may see, and the id to go on from.

    The second value passes over what was not allowed, so that a reader with few rights moves on.
    """
    horizon = event_horizon()
    with connection.cursor() as cursor:
        cursor.execute(events_after_sql(), {"after": last_id, "horizon": horizon, "limit": limit})
        rows = [event_row(columns) for columns in cursor.fetchall()]
    reached = rows[-1].id if len(rows) == limit else max(horizon, last_id)
    return [row for row in rows if allowed(row)], reached


def events_oldest() -> int | None:
    """Id of the oldest event kept; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_SQL)
        oldest = cursor.fetchone()[0]
    return None if oldest is None else int(oldest)
