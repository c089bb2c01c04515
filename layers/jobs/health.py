"""How the background work is doing: workers' heartbeats, the queue, lags. Selectors, and the beat itself."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min
from django.utils import timezone

from layers.jobs.cluster.queue import queue_waiting, worker_instance
from layers.jobs.config import BEAT_SILENT_S
from layers.jobs.models import ACTIVE_STATES, Job, JobState, PeriodicTask, WorkerBeat

_BEAT_SQL = """
INSERT INTO layers_worker_beat (instance, beat_at, started_at, pid, busy_with)
VALUES (%(instance)s, now(), now(), %(pid)s, %(busy_with)s)
ON CONFLICT (instance) DO UPDATE
   SET beat_at = now(), pid = excluded.pid, busy_with = excluded.busy_with
"""


def worker_beat(*, busy_with: str = "") -> None:
    """Write this machine's heartbeat, to the database and to `NCC_HEARTBEAT_FILE` for the supervisor."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BEAT_SQL,
            {"instance": worker_instance(), "pid": os.getpid(), "busy_with": busy_with[:120]},
        )
    path = os.environ.get("NCC_HEARTBEAT_FILE")
    if path:
        Path(path).touch()


def worker_age_s() -> float | None:
    """Seconds since any worker's last heartbeat; None when there never was one."""
    latest: datetime | None = WorkerBeat.objects.aggregate(latest=Max("beat_at"))["latest"]
    return None if latest is None else (timezone.now() - latest).total_seconds()


def workers_alive() -> list[WorkerBeat]:
    """Workers whose heartbeat is not silent, by name."""
    since = timezone.now() - timedelta(seconds=BEAT_SILENT_S)
    return list(WorkerBeat.objects.filter(beat_at__gte=since).order_by("instance"))


def queue_health() -> dict[str, Any]:
    """Numbers for readiness and metrics.

    `{"worker_age_s", "workers", "tasks_waiting", "jobs": {state: n}, "oldest_queued_s",
    "periodic_lag_s", "failed_last_day"}`; ages in seconds, None where there is nothing to age.
    """
    now = timezone.now()
    counts = dict(
        Job.objects.filter(state__in=ACTIVE_STATES)
        .order_by()
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    oldest = Job.objects.filter(state=JobState.QUEUED).aggregate(at=Min("created_at"))["at"]
    overdue = PeriodicTask.objects.filter(next_at__lt=now).aggregate(at=Min("next_at"))["at"]
    return {
        "worker_age_s": worker_age_s(),
        "workers": [beat.instance for beat in workers_alive()],
        "tasks_waiting": queue_waiting(),
        "jobs": {state.value: counts.get(state.value, 0) for state in ACTIVE_STATES},
        "oldest_queued_s": None if oldest is None else (now - oldest).total_seconds(),
        "periodic_lag_s": 0.0 if overdue is None else (now - overdue).total_seconds(),
        "failed_last_day": Job.objects.filter(
            state=JobState.FAILED, finished_at__gte=now - timedelta(days=1)
        ).count(),
    }


def job_status(job: Job) -> dict[str, Any]:
    """A job as a page shows it; `remaining_s` by rule of three, None before the first unit is done."""
    remaining_s: float | None = None
    if job.state == JobState.RUNNING and job.started_at and 0 < job.done <= job.total:
        spent_s = (timezone.now() - job.started_at).total_seconds()
        remaining_s = spent_s * (job.total - job.done) / job.done
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "message": job.message,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "remaining_s": remaining_s,
        "cancel_requested": job.cancel_requested,
        "result": job.result,
        "error": job.error,
    }
