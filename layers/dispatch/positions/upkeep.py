"""Positions in the course of time: trackers that fall silent, days of tracks made ahead and dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from layers.dispatch.positions.hygiene import KEEP_DAYS
from layers.dispatch.positions.models import PositionFault
from layers.events.services import NewEvent, events_publish
from layers.jobs.periodic import periodic

#: Partitions of the tracks are made so many days ahead.
AHEAD_DAYS = 4
#: Moves are told for the moment; what is older is in the tracks (seconds).
MOVED_KEEP_S = 3600
_PREFIX = "layers_unittrack_day"


@periodic(10, name="positions.silent")
def positions_silence() -> int:
    """Take units whose tracker fell silent off line and say so; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE layers_unitposition p SET online = false FROM layers_unit u"
            " WHERE u.id = p.unit_id AND p.online"
            " AND p.fix_at <= %s::timestamptz - make_interval(secs => coalesce(p.max_age_s, %s))"
            " RETURNING u.id, u.callsign, u.agency_id, p.fix_at",
            [timezone.now(), settings.NCC_POSITION_MAX_AGE_S],
        )
        rows = cursor.fetchall()
        events_publish(
            NewEvent(
                "unit.silent", "units", unit_id, agency_id,
                payload={"id": unit_id, "callsign": callsign, "fix_at": fix_at.isoformat()},
            )
            for unit_id, callsign, agency_id, fix_at in rows
        )  # fmt: skip
    return len(rows)


@periodic(3600, name="positions.tend")
def positions_tend() -> None:
    """Make the coming days of the tracks; drop what is older than tracks are kept."""
    tracks_tend(today=timezone.now().astimezone(UTC).date())
    oldest = timezone.now() - timedelta(days=KEEP_DAYS)
    PositionFault.objects.filter(last_at__lt=oldest).delete()


@periodic(600, name="positions.moved_prune")
def moved_prune() -> int:
    """Drop old moves from the outbox: a place of an hour ago is news to nobody."""
    before = timezone.now() - timedelta(seconds=MOVED_KEEP_S)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM layers_event WHERE id IN (SELECT id FROM layers_event WHERE at < %s AND at > %s"
            " AND kind = 'unit.moved' AND id < (SELECT max(id) FROM layers_event) LIMIT 200000)",
            [before, before - timedelta(hours=6)],
        )
        return cursor.rowcount


def track_days() -> list[date]:
    """Days that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'layers_unittrack'::regclass AND c.relname LIKE %s ORDER BY 1",
            [_PREFIX.replace("_", r"\_") + "%"],
        )
        return [
            datetime.strptime(row[0].removeprefix(_PREFIX), "%Y%m%d").date()
            for row in cursor.fetchall()
        ]


def tracks_tend(*, today: date) -> None:
    """Partitions for `today` and the coming days; those wholly older than tracks are kept go.

    Rows that came before their day was made, or late for a day that has none, lie in the default
    partition; a new day takes its rows from there. Needs the role that owns the tables.
    """
    have = set(track_days())
    oldest = today - timedelta(days=KEEP_DAYS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('layers_unittrack'))")
        for ahead in range(AHEAD_DAYS + 1):
            day = today + timedelta(days=ahead)
            if day not in have:
                _add_day(cursor, day)
        for day in sorted(have):
            if day < oldest:
                cursor.execute(f"DROP TABLE IF EXISTS {_PREFIX}{day:%Y%m%d}")
        cursor.execute("DELETE FROM layers_unittrack_default WHERE fix_at < %s", [oldest])


def _add_day(cursor: object, day: date) -> None:
    name = f"{_PREFIX}{day:%Y%m%d}"
    since, until = f"{day:%Y-%m-%d} 00:00+00", f"{day + timedelta(days=1):%Y-%m-%d} 00:00+00"
    run = cursor.execute  # type: ignore[attr-defined]
    run(f"CREATE TABLE IF NOT EXISTS {name} (LIKE layers_unittrack INCLUDING ALL)")
    run(
        f"WITH early AS (DELETE FROM layers_unittrack_default WHERE fix_at >= %s AND fix_at < %s RETURNING *)"  # noqa: S608
        f" INSERT INTO {name} SELECT * FROM early",
        [since, until],
    )
    run(
        f"ALTER TABLE layers_unittrack ATTACH PARTITION {name} FOR VALUES FROM ('{since}') TO ('{until}')"
    )
