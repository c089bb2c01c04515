"""Publishing to the outbox, and pruning it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone

from layers.errors import InvalidInput
from layers.events.models import Event, Visibility

#: Largest payload (bytes of JSON): an event says what changed, a snapshot says what is.
PAYLOAD_MAX_BYTES = 4000
#: Days after which an event is dropped; a console away for longer loads a snapshot.
KEEP_DAYS = 7
#: Names that never travel in an event, at any depth.
SECRET_NAMES = frozenset(
    [
        "password",
        "secret",
        "token",
        "key",
        "api_key",
        "stream_url",
        "caller_name",
        "caller_number",
        "caller_address",
    ]
)
_CREDENTIALS = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]*@", re.IGNORECASE)


@dataclass(frozen=True)
class NewEvent:
    """An event about to be written; see `event_publish` for the fields."""

    kind: str
    layer: str = ""
    object_id: Any = ""
    agency_id: int | None = None
    area_id: int | None = None
    visibility: Visibility = Visibility.OPS
    payload: dict[str, Any] = field(default_factory=dict)


def event_publish(
    kind: str,
    *,
    layer: str = "",
    object_id: Any = "",
    agency_id: int | None = None,
    area_id: int | None = None,
    visibility: Visibility = Visibility.OPS,
    payload: dict[str, Any] | None = None,
) -> Event:
    """Write an event in the caller's transaction: it is told when, and only if, that commits.

    Publish last: until the transaction ends, readers wait at this event for what comes after it.
    `kind` is `<layer or thing>.<what happened>` such as `incident.changed`. `payload` is small
    JSON without secrets; raises `InvalidInput` when it is neither.
    """
    return events_publish(
        [NewEvent(kind, layer, object_id, agency_id, area_id, visibility, payload or {})]
    )[0]


def events_publish(events: Iterable[NewEvent]) -> list[Event]:
    """Write many events with one statement and one wake-up."""
    rows = []
    for event in events:
        _check_payload(event)
        rows.append(
            Event(
                kind=event.kind,
                layer=event.layer,
                object_id="" if event.object_id is None else str(event.object_id),
                agency_id=event.agency_id,
                area_id=event.area_id,
                visibility=event.visibility,
                payload=event.payload,
            )
        )
    return Event.objects.bulk_create(rows)


def _check_payload(event: NewEvent) -> None:
    text = json.dumps(event.payload, cls=DjangoJSONEncoder)
    if len(text.encode()) > PAYLOAD_MAX_BYTES:
        raise InvalidInput(
            f"the payload of {event.kind} has {len(text.encode())} bytes",
            value=event.object_id,
            remedy=f"publish what changed, at most {PAYLOAD_MAX_BYTES} bytes",
        )
    secret = _secret_name(event.payload)
    if secret or _CREDENTIALS.search(text):
        raise InvalidInput(
            f"the payload of {event.kind} carries {secret or 'an address with a password'}",
            where="payload",
            remedy="publish the object's id and let readers ask for the rest",
        )


def _secret_name(value: Any) -> str:
    if isinstance(value, dict):
        for name, inner in value.items():
            if str(name).lower() in SECRET_NAMES:
                return str(name)
            found = _secret_name(inner)
            if found:
                return found
    if isinstance(value, list | tuple):
        for inner in value:
            found = _secret_name(inner)
            if found:
                return found
    return ""


def events_prune(*, keep_days: int = KEEP_DAYS, batch: int = 20_000) -> int:
    """Drop events older than `keep_days`, at most `batch` at a time; returns how many.

    The newest event always stays: a reader tells by it that its own place is too old.
    """
    before = timezone.now() - timedelta(days=keep_days)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM layers_event WHERE id IN (SELECT id FROM layers_event WHERE at < %s"
            " AND id < (SELECT max(id) FROM layers_event) ORDER BY id LIMIT %s)",
            [before, batch],
        )
        return cursor.rowcount
