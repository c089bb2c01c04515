"""Tasks that come round: declared with their interval, run once on whichever machine is first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from layers.jobs.cluster.queue import queue_failures_prune
from layers.jobs.models import FINAL_STATES, Job, JobChunk, PeriodicTask, WorkerBeat
from layers.jobs.runner import jobs_sweep

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Periodic:
    name: str
    seconds: float
    function: Callable[[], object]


_TASKS: dict[str, _Periodic] = {}


def periodic(
    seconds: float, *, name: str = ""
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register the decorated function to run every `seconds`, once over all machines.

    It must be short (a second or so; longer work goes into a job it enqueues) and safe to run
    twice. After an outage it runs once, late; how late is kept.
    """

    def register(function: Callable[[], object]) -> Callable[[], object]:
        key = name or f"{function.__module__.removeprefix('layers.')}.{function.__name__}"
        _TASKS[key] = _Periodic(key[:80], seconds, function)
        return function

    return register


def periodic_tick(*, now: datetime | None = None) -> list[str]:
    """Run what is due at `now`; returns the names of what ran. One query when nothing is due."""
    now = now or timezone.now()
    rows = dict(PeriodicTask.objects.filter(name__in=list(_TASKS)).values_list("name", "next_at"))
    missing = [PeriodicTask(name=key, next_at=now) for key in _TASKS if key not in rows]
    if missing:
        PeriodicTask.objects.bulk_create(missing, ignore_conflicts=True)
    ran = []
    for key, task in list(_TASKS.items()):
        if rows.get(key, now) <= now and _claim(task, now):
            _run(task)
            ran.append(key)
    return ran


def _claim(task: _Periodic, now: datetime) -> bool:
    """Move the task's next run; whoever manages to is the one who runs it."""
    with transaction.atomic():
        row = (
            PeriodicTask.objects.select_for_update(skip_locked=True)
            .filter(name=task.name, next_at__lte=now)
            .first()
        )
        if row is None:
            return False
        row.lag_s = (now - row.next_at).total_seconds()
        row.last_at = now
        row.next_at = now + timedelta(seconds=task.seconds)
        row.save()
    return True


def _run(task: _Periodic) -> None:
    error = ""
    try:
        task.function()
    except Exception as failure:
        if isinstance(failure, DatabaseError) and not connection.is_usable():
            raise
        logger.exception("periodic task %s failed", task.name)
        error = f"{type(failure).__name__}: {failure}"[:2000]
    PeriodicTask.objects.filter(name=task.name).exclude(error=error).update(error=error)


@periodic(5, name="jobs.sweep")
def sweep() -> None:
    """Take up jobs whose worker was killed."""
    count = jobs_sweep()
    if count:
        logger.warning("queued %d abandoned jobs again", count)


@periodic(3600, name="jobs.prune")
def prune() -> None:
    """Drop pieces of jobs that ended a week ago, jobs of a year ago, and what dead workers left."""
    now = timezone.now()
    week = now - timedelta(days=7)
    JobChunk.objects.filter(job__state__in=FINAL_STATES, job__finished_at__lt=week).delete()
    Job.objects.filter(state__in=FINAL_STATES, finished_at__lt=now - timedelta(days=365)).delete()
    WorkerBeat.objects.filter(beat_at__lt=week).delete()
    queue_failures_prune(before=week)
