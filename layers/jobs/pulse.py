"""Sign of life of a working process: heartbeat, progress and cancellation, on a connection of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from layers.jobs.config import PULSE_S
from layers.jobs.health import worker_beat
from layers.jobs.models import ACTIVE_STATES, Job
from layers.jobs.registry import job_changed

logger = logging.getLogger(__name__)
_active: dict[int, Pulse] = {}


class Pulse:
    """Writes a running job's heartbeat and progress every `PULSE_S`, beside the piece's transaction.

    The piece's own transaction stays unseen until it ends; what a person watches goes this way.
    """

    def __init__(self, job: Job) -> None:
        self.job_id: int = job.pk
        self.cancelled = bool(job.cancel_requested)
        self._kind = job.kind
        self._noted: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{job.pk}", daemon=True)

    def note(self, **fields: Any) -> None:
        """Remember progress for the next beat."""
        with self._lock:
            self._noted.update(fields)

    def take(self) -> dict[str, Any]:
        """Progress noted and not yet written."""
        with self._lock:
            noted, self._noted = self._noted, {}
        return noted

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            while not self._stop.wait(PULSE_S):
                try:
                    self._beat()
                except DatabaseError as error:
                    logger.warning("job %s: heartbeat not written: %s", self.job_id, error)
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        noted = self.take()
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('lock_timeout', '1s', true)")
                job = Job.objects.select_for_update().filter(pk=self.job_id).first()
                if job is None:
                    self.cancelled = True
                    return
                self.cancelled = job.cancel_requested or job.state not in ACTIVE_STATES
                job.heartbeat_at = timezone.now()
                progress_apply(job, noted)
                job.save(update_fields=["heartbeat_at", "done", "total", "message"])
                if noted:
                    job_changed.send(sender=Job, job=job)
            worker_beat(busy_with=f"{self._kind} {self.job_id}")
        except DatabaseError:
            with self._lock:
                self._noted = {**noted, **self._noted}
            raise


def progress_apply(job: Job, noted: dict[str, Any]) -> None:
    """Set a job's progress fields, keeping `done` within `total`."""
    if "total" in noted:
        job.total = max(int(noted["total"]), job.done)
    if "done" in noted:
        job.done = min(int(noted["done"]), job.total)
    if "message" in noted:
        job.message = str(noted["message"])[:300]


@contextmanager
def pulse_of(job: Job) -> Iterator[Pulse]:
    """The pulse of a job worked in this process, for as long as the block lasts."""
    pulse = Pulse(job)
    _active[job.pk] = pulse
    pulse.start()
    try:
        yield pulse
    finally:
        _active.pop(job.pk, None)
        pulse.stop()


def pulse_active(job_id: int) -> Pulse | None:
    """The pulse of a job this process is working on, if it is."""
    return _active.get(job_id)
