"""The job queue in PostgreSQL, read by every machine; each machine has a second one for its heartbeat."""

from __future__ import annotations

import logging
import os
import socket
import time
from datetime import datetime, timedelta

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import Error as DatabaseError
from django.db import connections, transaction
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from layers.jobs.config import QUEUE

# One line for each task queued is what the job row says already.
logging.getLogger("django-q").setLevel(logging.WARNING)
#: Longest pause after the database went away (seconds).
_PAUSE_S = 1.0


def worker_instance() -> str:
    """Name of this machine's workers: `NCC_WORKER_INSTANCE`, else the host name."""
    return os.environ.get("NCC_WORKER_INSTANCE") or socket.gethostname()


def instance_queue() -> str:
    """The queue that only this machine's workers read."""
    return f"{QUEUE}@{worker_instance()}"


class OrmBroker(ORM):
    """django-q2's ORM broker, taking rows with SKIP LOCKED and outliving a database restart."""

    @staticmethod
    def get_cache() -> BaseCache:
        """The cluster's statistics stay in the process: nothing reads them elsewhere."""
        return LocMemCache("ncc-jobs", {})

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Take up to `bulk` waiting tasks: [(row id, signed task)]; sleeps when there are none."""
        try:
            taken = self._take()
        except DatabaseError:
            connections.close_all()
            time.sleep(_PAUSE_S)
            return None
        if not taken:
            time.sleep(Conf.POLL)
            return None
        return taken

    def _take(self) -> list[tuple[int, str]]:
        rows = self.get_connection()
        with transaction.atomic(using=Conf.ORM):
            now = timezone.now()
            waiting = list(
                rows.select_for_update(skip_locked=True)
                .filter(key__in=[self.list_key, instance_queue()], lock__lte=now)
                .order_by("id")[: Conf.BULK]
            )
            if waiting:
                OrmQ.objects.using(Conf.ORM).filter(pk__in=[row.pk for row in waiting]).update(
                    lock=now + timedelta(seconds=Conf.RETRY)
                )
        return [(row.pk, row.payload) for row in waiting]


def queue_job(job_id: int) -> None:
    """Put one run of a job in the queue; inside `atomic()` it is rolled back with the job."""
    async_task("layers.jobs.runner.job_run_task", job_id, q_options={"task_name": f"job {job_id}"})


def queue_beat() -> None:
    """Ask this machine's workers for a sign of life."""
    async_task(
        "layers.jobs.health.worker_beat",
        q_options={"task_name": "heartbeat", "broker": OrmBroker(instance_queue())},
    )


def queue_waiting() -> int:
    """Tasks in the shared queue that no worker has taken yet."""
    return OrmQ.objects.filter(key=QUEUE, lock__lte=timezone.now()).count()


def queue_beats_forget() -> None:
    """Drop the unanswered questions to this machine's workers."""
    OrmQ.objects.filter(key=instance_queue()).delete()


def queue_failures_prune(*, before: datetime) -> None:
    """Drop the cluster's own records of tasks that ended before a time; jobs keep theirs."""
    Task.objects.filter(stopped__lt=before).delete()
