"""Asking for jobs, cancelling them, and telling how far they are."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone

from layers.errors import Conflict, NotFound
from layers.jobs.cluster.queue import queue_job
from layers.jobs.models import ACTIVE_STATES, ChunkRole, Job, JobChunk, JobState
from layers.jobs.pulse import progress_apply, pulse_active
from layers.jobs.registry import JobCancelled, JobKind, job_changed, job_kind_get


def _same_work_key(kind: str, params: dict[str, Any]) -> str:
    text = json.dumps(params, sort_keys=True, cls=DjangoJSONEncoder)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def job_enqueue(
    kind: str,
    *,
    params: dict[str, Any] | None = None,
    key: str | None = None,
    total: int = 0,
    user: Any = None,
) -> Job:
    """Queue a job in the caller's transaction, or return the active one that does the same.

    `key` tells what is the same work; by default kind and parameters do, and `key=""` says that
    nothing is. `total` counts the units of a job without a planner, for its progress bar. Raises
    `InvalidInput` for an unknown kind.
    """
    registered = job_kind_get(kind)
    params = params or {}
    unique = _same_work_key(kind, params) if key is None else (key or None)
    for _attempt in range(5):
        try:
            with transaction.atomic():
                if unique is not None:
                    active = Job.objects.filter(
                        idempotency_key=unique, state__in=ACTIVE_STATES
                    ).first()
                    if active is not None:
                        return active
                return _create(registered, params=params, key=unique, total=total, user=user)
        except IntegrityError:
            # Somebody asked for the same at the same moment; the next round finds their job.
            if unique is None:
                raise
    raise Conflict(
        f"the job {kind} could not be queued", value=unique, remedy="try again in a moment"
    )


def _create(
    kind: JobKind, *, params: dict[str, Any], key: str | None, total: int, user: Any
) -> Job:
    planned = kind.plan is not None
    job = Job.objects.create(
        kind=kind.name,
        params=params,
        idempotency_key=key,
        total=0 if planned else max(total, 1),
        requested_by=user if getattr(user, "pk", None) else None,
        enqueued_at=timezone.now(),
    )
    if planned:
        JobChunk.objects.create(job=job, role=ChunkRole.PLAN, units=0)
    else:
        JobChunk.objects.create(job=job, role=ChunkRole.WORK, units=job.total, payload=params)
        JobChunk.objects.create(job=job, role=ChunkRole.FINISH, units=0)
    queue_job(job.pk)
    job_changed.send(sender=Job, job=job)
    return job


def job_cancel(job_id: int) -> Job:
    """Ask a job to stop: a queued one is cancelled now, a running one at its next checkpoint.

    A finished job stays as it is. A piece may rather end early with what it has than raise
    `JobCancelled`: that is kept as the cancelled job's result. Raises `NotFound`.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound(f"no job {job_id}", value=job_id)
        if job.state == JobState.QUEUED:
            job_end(job, JobState.CANCELLED)
        elif job.state == JobState.RUNNING and not job.cancel_requested:
            job.cancel_requested = True
            job.save(update_fields=["cancel_requested"])
            job_changed.send(sender=Job, job=job)
    return job


def job_end(job: Job, state: JobState, *, result: Any = None, error: str = "") -> None:
    """Bring a locked job to a final state."""
    job.state = state
    job.result = result
    job.error = error[:8000]
    job.finished_at = timezone.now()
    if state == JobState.DONE:
        job.done = job.total
    job.save(update_fields=["state", "result", "error", "finished_at", "done"])
    job_changed.send(sender=Job, job=job)


def job_progress(
    job: Job, *, done: int | None = None, total: int | None = None, message: str | None = None
) -> None:
    """Tell how far a job is, in its units, and what it is doing.

    Called from a piece it is written by the heartbeat within two seconds, never inside the
    piece's transaction. A planned job counts its pieces itself: give it a message only.
    """
    noted: dict[str, Any] = {}
    if done is not None:
        noted["done"] = done
    if total is not None:
        noted["total"] = total
    if message is not None:
        noted["message"] = message
    pulse = pulse_active(job.pk)
    if pulse is not None:
        pulse.note(**noted)
        return
    with transaction.atomic():
        fresh = Job.objects.select_for_update().get(pk=job.pk)
        progress_apply(fresh, noted)
        fresh.save(update_fields=["done", "total", "message"])
        job_changed.send(sender=Job, job=fresh)


def job_cancelled(job: Job) -> bool:
    """Whether a running piece should stop; at most two seconds behind the person who asked."""
    pulse = pulse_active(job.pk)
    return False if pulse is None else pulse.cancelled


def job_checkpoint(job: Job) -> None:
    """Raise `JobCancelled` when the job was cancelled; for long pieces to call now and then."""
    if job_cancelled(job):
        raise JobCancelled
