"""The feed of changes that stored views await: resolving it into cameras, and working it off."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.db import connection, transaction

from layers.coverage.models import CameraSight, SightChange
from layers.events.services import event_publish
from layers.geo.sql import load_sql

logger = logging.getLogger(__name__)
#: Advisory locks on cameras being computed have this number in their upper 16 bits.
LOCK_SPACE = 0x4E53
#: Most cameras one transaction computes.
BATCH = 100
#: Cameras of one transaction while a change that comes in must not wait long for its turn.
BATCH_SHORT = 25
#: More cameras than this are a job's, whose progress is seen and which every machine shares.
MANY = 400
#: Most camera numbers told in an event.
_TOLD = 200


def sight_changes_resolve() -> None:
    """Turn every noted change of a place, a model or everything into the cameras it concerns."""
    while SightChange.objects.exclude(cause=SightChange.Cause.CAMERA).exists():
        # The engine takes seconds to import: only those who use it pay.
        from layers.coverage.city import DEFAULT_RANGE_M, METRES_PER_DEGREE, REACH_MARGIN_M

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                load_sql("coverage", "sight_resolve"),
                {
                    "default_range_m": DEFAULT_RANGE_M,
                    "margin_m": REACH_MARGIN_M,
                    "m_per_degree": METRES_PER_DEGREE,
                },
            )
            if not cursor.rowcount and _others_hold():
                return


def _others_hold() -> bool:
    """Whether all that is left unresolved is another process's, which will finish or give it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM layers_sightchange WHERE cause <> 'camera'"
            " FOR UPDATE SKIP LOCKED)"
        )
        return bool(cursor.fetchone()[0])


def sight_changes_waiting() -> int:
    """Cameras whose views await computing; resolve first."""
    return (
        SightChange.objects.filter(cause=SightChange.Cause.CAMERA)
        .values("reference")
        .distinct()
        .count()
    )


def sight_changes_check() -> None:
    """Note that every view is to be held against its digest."""
    with transaction.atomic(), connection.cursor() as cursor:
        SightChange.objects.create(cause=SightChange.Cause.ALL)
        cursor.execute("SELECT pg_notify('ncc_sights', '')")


def sight_changes_work(*, limit: int = BATCH) -> int:
    """Compute the views of up to `limit` cameras that await it; returns how many were taken.

    One transaction: views, the event that tells of them, and the changes they answer. Killed at
    any point, the changes stay and are answered again. Safe side by side: a camera is locked, and
    its changes are read after that, so that of two the later sees what the earlier wrote.
    """
    from layers.coverage.freshness.views import camera_sights_refresh

    with transaction.atomic():
        cameras, changes = _take(limit)
        if not cameras:
            return 0
        try:
            with transaction.atomic():
                changed = camera_sights_refresh(cameras)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("views of %d cameras failed; each is tried alone", len(cameras))
            changed = [camera for camera in cameras if _computed_alone(camera)]
        SightChange.objects.filter(pk__in=changes).delete()
        if changed:
            event_publish(
                "coverage.sights",
                layer="sights",
                object_id=changed[0] if len(changed) == 1 else "",
                payload={"cameras": len(changed), "ids": changed[:_TOLD]},
            )
    return len(cameras)


def _take(limit: int) -> tuple[list[int], list[int]]:
    """Cameras locked until the transaction ends, and the changes that await them.

    What changed last comes first: somebody waits for it, while a check of every view can wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reference FROM (SELECT reference FROM layers_sightchange"
            " WHERE cause = 'camera' GROUP BY reference ORDER BY max(id) DESC OFFSET 0) AS waiting"
            " WHERE pg_try_advisory_xact_lock((%(space)s::bigint << 48) | reference) LIMIT %(limit)s",
            {"limit": limit, "space": LOCK_SPACE},
        )
        cameras = [row[0] for row in cursor.fetchall()]
        if not cameras:
            return [], []
        cursor.execute(
            "SELECT id FROM layers_sightchange WHERE cause = 'camera' AND reference = ANY(%s)",
            [cameras],
        )
        return cameras, [row[0] for row in cursor.fetchall()]


def _computed_alone(camera_id: int) -> bool:
    """Compute one camera; one that cannot be computed has no view rather than a stale one."""
    from layers.coverage.freshness.views import camera_sights_refresh

    try:
        with transaction.atomic():
            return bool(camera_sights_refresh([camera_id]))
    except DatabaseError:
        raise
    except Exception:
        logger.exception("the views of camera %d cannot be computed", camera_id)
        CameraSight.objects.filter(camera_id=camera_id).delete()
        return True
