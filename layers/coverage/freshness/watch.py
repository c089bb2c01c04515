"""The refresher of a worker machine: woken by the database at commit, it computes what is few."""

from __future__ import annotations

import logging
import threading
import time

from django.db import Error as DatabaseError
from django.db import connection

from layers.coverage.freshness.feed import (
    BATCH_SHORT,
    MANY,
    sight_changes_check,
    sight_changes_resolve,
    sight_changes_waiting,
    sight_changes_work,
)
from layers.coverage.models import SightChange

logger = logging.getLogger(__name__)
#: Changes are looked for this often even without a wake-up (seconds).
_POLL_S = 5.0
_RECONNECT_S = (0.1, 0.5, 1.0, 5.0, 15.0)


class SightWatch:
    """A thread that listens for changes and keeps the stored views current."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ncc-sights", daemon=True)

    def start(self) -> None:
        """Begin; every view is checked once first, whatever happened while nobody watched."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is in hand."""
        self.stopping.set()
        self._thread.join(timeout=30)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        from layers.coverage.regions import warm_up

        warm_up()
        failures = 0
        checked = False
        try:
            while not self.stopping.is_set():
                try:
                    with connection.cursor() as cursor:
                        cursor.execute("LISTEN ncc_sights")
                    if not checked:
                        sight_changes_check()
                        checked = True
                    self._serve()
                    failures = 0
                except Exception as error:
                    if not isinstance(error, DatabaseError):
                        logger.exception("the refresher of camera views failed; starting it again")
                    pause_s = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
                    failures += 1
                    logger.warning("camera views wait for the database: %s", str(error).strip())
                    connection.close()
                    self.stopping.wait(pause_s)
        finally:
            connection.close()

    def _serve(self) -> None:
        while not self.stopping.is_set():
            sights_step()
            if connection.connection is None:
                return
            for _note in connection.connection.notifies(timeout=_POLL_S, stop_after=1):
                pass


def sights_step() -> bool:
    """Answer the changes noted so far, or queue a job where they are many; True when all are."""
    from layers.coverage.tasks import sights_enqueue

    while SightChange.objects.exists():
        sight_changes_resolve()
        waiting = sight_changes_waiting()
        if waiting > MANY:
            sights_enqueue()
            return False
        if waiting and not sight_changes_work(limit=BATCH_SHORT):
            # Another process computes these cameras; its end is no wake-up.
            time.sleep(0.05)
    return True


_watch: SightWatch | None = None


def watch_start() -> SightWatch:
    """The refresher of this process, started at the first call and again should it have ended."""
    global _watch
    if _watch is None or not _watch.alive:
        _watch = SightWatch()
        _watch.start()
    return _watch
