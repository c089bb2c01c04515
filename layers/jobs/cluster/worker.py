"""The worker process of one machine: the cluster, its heartbeat, and the periodic tasks."""

from __future__ import annotations

import logging
import os
import signal
import time
from types import FrameType

from django.db import Error as DatabaseError
from django.db import connection, connections
from django_q.cluster import Cluster

from layers.errors import Conflict
from layers.jobs.cluster.checks import pooled_databases
from layers.jobs.cluster.lifeline import end_with_parent
from layers.jobs.cluster.queue import queue_beat, queue_beats_forget, worker_instance
from layers.jobs.config import BEAT_S
from layers.jobs.periodic import periodic_tick
from layers.jobs.runner import attempts_refund

logger = logging.getLogger(__name__)
#: How long a stopping worker waits for running pieces; they go on at their checkpoint (seconds).
_STOP_S = 2.5


class WorkerProcess:
    """One machine's cluster of worker processes, with periodic tasks run by its parent process.

    Periodic tasks so stay punctual while every worker is busy. The parent ends when the sentinel
    does, whatever its exit code, and the supervisor starts the whole group anew.
    """

    def __init__(self) -> None:
        self._stopping = False
        self._beat_due = 0.0

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT (returns 0) or until the cluster dies (returns 1).

        Raises `Conflict` when the database connections are pooled.
        """
        pooled = pooled_databases()
        if pooled:
            raise Conflict(
                "workers fork, and a connection pool shared across fork stalls",
                value=pooled,
                where="DATABASES",
                remedy="start the worker with NCC_PROCESS=worker",
            )
        queue_beats_forget()
        # A connection open across fork would be closed by the child under the parent's feet.
        connections.close_all()
        if os.environ.get("NCC_SUPERVISED"):
            os.register_at_fork(after_in_child=end_with_parent)
        cluster = Cluster()
        cluster.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping:
            if not cluster.sentinel.is_alive():
                logger.error("the job cluster died with exit code %s", cluster.sentinel.exitcode)
                return 1
            try:
                self._limit_statements()
                self._beat()
                periodic_tick()
            except DatabaseError as error:
                logger.warning("periodic tasks wait for the database: %s", error)
                connections.close_all()
            time.sleep(0.5)
        self._close(cluster)
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _limit_statements(self) -> None:
        """One periodic task may not hold up the others for ever."""
        if connection.connection is None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', '30s', false)")

    def _beat(self) -> None:
        if time.monotonic() >= self._beat_due:
            queue_beats_forget()
            queue_beat()
            self._beat_due = time.monotonic() + BEAT_S

    def _close(self, cluster: Cluster) -> None:
        try:
            attempts_refund(worker_instance())
        except DatabaseError as error:
            logger.warning("an orderly stop counted as an attempt: %s", error)
        cluster.stop_event.set()
        cluster.sentinel.join(_STOP_S)
        if cluster.sentinel.is_alive():
            cluster.sentinel.kill()
            cluster.sentinel.join(1)
        connection.close()
