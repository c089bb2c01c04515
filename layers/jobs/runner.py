"""Working a job: claim a piece, do it in one transaction with its checkpoint, go on."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from layers.errors import NccError
from layers.geo.sql import load_sql
from layers.jobs.cluster.queue import queue_job, queue_waiting, worker_instance
from layers.jobs.config import ABANDONED_S, LOCK_SPACE, SLICE_S
from layers.jobs.models import ACTIVE_STATES, ChunkRole, Job, JobChunk, JobState
from layers.jobs.pulse import Pulse, pulse_of
from layers.jobs.registry import JobCancelled, JobKind, job_changed, job_kind_get
from layers.jobs.services import job_end

logger = logging.getLogger(__name__)
#: A run gives its place back after this long even when nobody waits (seconds).
_RUN_S = 200.0
#: How long a run waits for a database that went away (seconds).
_DATABASE_WAIT_S = 60.0
_ROLE_ORDER = {ChunkRole.PLAN: 0, ChunkRole.WORK: 1, ChunkRole.FINISH: 2}


class _Overtaken(Exception):
    """The piece was claimed by another worker, or its job ended, while this one worked."""


@dataclass(frozen=True)
class _Claim:
    job: Job
    chunk: JobChunk
    token: uuid.UUID


def job_run_task(job_id: int) -> None:
    """What the cluster calls: a turn of work on a job, then back to the end of the queue."""
    with connection.cursor() as cursor:
        # A worker that loses its network is noticed in half a minute, and its pieces are free.
        cursor.execute(
            "SELECT set_config('tcp_keepalives_idle', '15', false),"
            " set_config('tcp_keepalives_interval', '5', false),"
            " set_config('tcp_keepalives_count', '3', false),"
            # What it was being sent when it went away would be sent again for a quarter of an hour.
            " set_config('tcp_user_timeout', '30000', false)"
        )
    if not job_run(job_id, slice_s=SLICE_S, watched=True):
        with transaction.atomic():
            Job.objects.filter(pk=job_id).update(enqueued_at=timezone.now())
            queue_job(job_id)


def job_run(job_id: int, *, slice_s: float | None = None, watched: bool = False) -> bool:
    """Work on a job until there is nothing left to claim (True) or the turn is over (False).

    Safe to run twice, side by side, and to be killed at any point. Without `slice_s` it goes on
    until the job needs nothing more from this process. `watched` ends the process when a piece is
    over its time: for worker processes only.
    """
    job = Job.objects.filter(pk=job_id, state__in=ACTIVE_STATES).first()
    if job is None:
        return True
    started = time.monotonic()
    database_lost: float | None = None
    with pulse_of(job) as pulse:
        while True:
            try:
                if not _step(job_id, pulse, watched):
                    return True
                database_lost = None
            except DatabaseError as error:
                now = time.monotonic()
                database_lost = database_lost or now
                if now - database_lost > _DATABASE_WAIT_S:
                    raise
                logger.warning("job %s waits for the database: %s", job_id, error)
                connection.close()
                time.sleep(1)
            spent = time.monotonic() - started
            if slice_s is not None and spent > slice_s and (spent > _RUN_S or queue_waiting()):
                return False


def _step(job_id: int, pulse: Pulse, watched: bool) -> bool:
    """Do one piece; False when there is none to be had."""
    claim = _claim(job_id)
    if claim is None:
        return False
    try:
        _work(claim, pulse, watched)
    finally:
        _release(claim.chunk.pk)
    return True


def _lock_key(chunk_id: int) -> int:
    return (LOCK_SPACE << 48) | chunk_id


def _try_lock(chunk_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_lock_key(chunk_id)])
        return bool(cursor.fetchone()[0])


def _release(chunk_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_lock_key(chunk_id)])
    except DatabaseError:
        # The lock went with the connection.
        connection.close()


def _open_chunks(job: Job) -> list[JobChunk]:
    """Pieces that may be claimed now, in order: planning, then work, then finishing alone."""
    chunks = list(
        JobChunk.objects.filter(job=job, done=False)
        .exclude(role=ChunkRole.FINISH)
        .order_by("index")[:256]
    )
    if not chunks:
        chunks = list(JobChunk.objects.filter(job=job, done=False))
    return sorted(chunks, key=lambda chunk: (_ROLE_ORDER[ChunkRole(chunk.role)], chunk.index))


def _claim(job_id: int) -> _Claim | None:
    """Take a piece: its lock for the session, its attempt counted before anything is tried."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, state__in=ACTIVE_STATES).first()
        if job is None:
            return None
        if job.cancel_requested:
            job_end(job, JobState.CANCELLED, result=_kept_of(job))
            return None
        chunk = next((chunk for chunk in _open_chunks(job) if _try_lock(chunk.pk)), None)
        if chunk is None:
            return None
        try:
            if chunk.attempts >= job.max_attempts:
                job_end(job, JobState.FAILED, error=_worn_out(job, chunk))
                _release(chunk.pk)
                return None
            return _start(job, chunk)
        except BaseException:
            _release(chunk.pk)
            raise


def _kept_of(job: Job) -> Any:
    """What a cancelled job of one piece had stored when it was told to stop; None for other jobs."""
    if job_kind_get(job.kind).plan is not None:
        return None
    return (
        JobChunk.objects.filter(job=job, role=ChunkRole.WORK, done=True)
        .values_list("result", flat=True)
        .first()
    )


def _start(job: Job, chunk: JobChunk) -> _Claim:
    now = timezone.now()
    chunk.attempts += 1
    chunk.claim = uuid.uuid4()
    chunk.worker = worker_instance()
    chunk.started_at = now
    chunk.save(update_fields=["attempts", "claim", "worker", "started_at"])
    was = job.state
    job.state = JobState.RUNNING
    job.started_at = job.started_at or now
    job.heartbeat_at = now
    job.attempts = max(job.attempts, chunk.attempts)
    job.save(update_fields=["state", "started_at", "heartbeat_at", "attempts"])
    if was != JobState.RUNNING:
        job_changed.send(sender=Job, job=job)
    return _Claim(job, chunk, chunk.claim)


def _worn_out(job: Job, chunk: JobChunk) -> str:
    where = f"{chunk.get_role_display()} {chunk.index}"
    text = f"{where} was started {chunk.attempts} times and never finished"
    return f"{text}: {chunk.error}" if chunk.error else f"{text}: killed, or over its time limit"


def _work(claim: _Claim, pulse: Pulse, watched: bool) -> None:
    """Run a piece and store its result, in one transaction; a failure is counted and kept."""
    job, chunk = claim.job, claim.chunk
    try:
        kind = job_kind_get(job.kind)
        watch = _watchdog(kind.timeout_s) if watched else contextlib.nullcontext()
        with watch, transaction.atomic():
            result = _call(kind, job, chunk)
            _store(claim, result, pulse, kind)
    except _Overtaken:
        logger.warning("job %s: piece %s was taken over; result dropped", job.pk, chunk.index)
    except JobCancelled:
        with transaction.atomic():
            locked = Job.objects.select_for_update().get(pk=job.pk)
            if locked.state in ACTIVE_STATES:
                job_end(locked, JobState.CANCELLED)
    except NccError as error:
        _failed(claim, str(error), final=True)
    except Exception as error:
        if isinstance(error, DatabaseError) and not connection.is_usable():
            raise
        logger.exception("job %s: piece %s failed", job.pk, chunk.index)
        lines = "".join(traceback.format_exception(error))
        _failed(claim, f"{type(error).__name__}: {error}\n{lines[-3000:]}", final=False)


def _call(kind: JobKind, job: Job, chunk: JobChunk) -> Any:
    if chunk.role == ChunkRole.PLAN:
        return list(kind.plan(job)) if kind.plan else []
    if chunk.role == ChunkRole.WORK:
        return kind.chunk(job, chunk.payload)
    results = list(
        JobChunk.objects.filter(job=job, role=ChunkRole.WORK)
        .order_by("index")
        .values_list("result", flat=True)
    )
    if kind.finish is not None:
        return kind.finish(job, results)
    return results if kind.plan is not None else results[0]


def _store(claim: _Claim, result: Any, pulse: Pulse, kind: JobKind) -> None:
    """The checkpoint: the piece is done and counted, or, if overtaken, nothing of it happened."""
    role, now = claim.chunk.role, timezone.now()
    job = Job.objects.select_for_update().get(pk=claim.job.pk)
    stored = JobChunk.objects.filter(pk=claim.chunk.pk, claim=claim.token, done=False).update(
        done=True,
        result=result if role == ChunkRole.WORK else None,
        claim=None,
        finished_at=now,
        error="",
    )
    if not stored or job.state not in ACTIVE_STATES:
        raise _Overtaken
    job.heartbeat_at = now
    noted = pulse.take()
    if "message" in noted:
        job.message = str(noted["message"])[:300]
    if role == ChunkRole.PLAN:
        JobChunk.objects.bulk_create(
            [
                JobChunk(job=job, role=ChunkRole.WORK, index=i, units=p.units, payload=p.payload)
                for i, p in enumerate(result)
            ],
            batch_size=2000,
        )
        JobChunk.objects.create(job=job, role=ChunkRole.FINISH, units=0)
        job.total = sum(piece.units for piece in result)
        for _copy in range(min(len(result), kind.parallel) - 1):
            queue_job(job.pk)
    elif role == ChunkRole.WORK:
        # An unplanned job counted its own way to here; a planned one adds the piece's units.
        job.total = max(job.total, int(noted.get("total", 0)))
        job.done = min(job.done + claim.chunk.units, job.total) if kind.plan else job.total
    job.save(update_fields=["heartbeat_at", "message", "total", "done"])
    if role == ChunkRole.FINISH:
        job_end(job, JobState.DONE, result=result)
    else:
        job_changed.send(sender=Job, job=job)


def _failed(claim: _Claim, error: str, *, final: bool) -> None:
    """Keep what went wrong; the job fails at once, or when the piece has used its attempts."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=claim.job.pk)
        kept = JobChunk.objects.filter(pk=claim.chunk.pk, claim=claim.token, done=False).update(
            claim=None, error=error[:4000]
        )
        if not kept or job.state not in ACTIVE_STATES:
            return
        if final or claim.chunk.attempts >= job.max_attempts:
            job_end(job, JobState.FAILED, error=error)
            return
    time.sleep(min(0.5 * claim.chunk.attempts, 2.0))


@contextlib.contextmanager
def _watchdog(timeout_s: int) -> Iterator[None]:
    """End a worker process whose piece is over its time, even inside a C call that holds the GIL."""
    faulthandler.dump_traceback_later(timeout_s, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def jobs_sweep() -> int:
    """Queue again the jobs that nobody works on and nobody will; returns how many.

    Such are jobs whose pieces no connection holds, silent for `ABANDONED_S`, while the queue is
    empty, or that have waited a minute since they were last queued: a killed worker, a lost
    queue, a changed signing key.
    """
    now = timezone.now()
    silent = now - timedelta(seconds=ABANDONED_S)
    long_queued = now - timedelta(seconds=60)
    empty = queue_waiting() == 0
    with transaction.atomic():
        jobs = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(state__in=ACTIVE_STATES)
            .filter(Q(heartbeat_at__lt=silent) | Q(heartbeat_at=None, created_at__lt=silent))
            .filter(Q(enqueued_at=None) | Q(enqueued_at__lt=silent if empty else long_queued))
        )
        held = _held_jobs()
        again = [job for job in jobs if job.pk not in held]
        for job in again:
            job.enqueued_at = now
            job.save(update_fields=["enqueued_at"])
            queue_job(job.pk)
    return len(again)


def _held_jobs() -> set[int]:
    return set(
        JobChunk.objects.filter(pk__in=_held_chunks()).order_by().values_list("job_id", flat=True)
    )


def _held_chunks() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("jobs", "held_chunks"))
        return [row[0] for row in cursor.fetchall()]


def attempts_refund(instance: str) -> int:
    """Before an orderly stop: pieces this machine is working on do not count as tried."""
    held = _held_chunks()
    with transaction.atomic():
        chunks = list(
            JobChunk.objects.filter(
                pk__in=held, worker=instance, attempts__gt=0, done=False
            ).select_for_update()
        )
        for chunk in chunks:
            chunk.attempts -= 1
            chunk.save(update_fields=["attempts"])
        for job_id in {chunk.job_id for chunk in chunks}:
            Job.objects.filter(pk=job_id).update(enqueued_at=None)
    return len(chunks)
