"""A time limit around the routing engine: what hangs or breaks never holds a dispatcher up.

A call runs in another thread. One that overruns its limit is left behind, and until it comes
back or a pause is over, callers are refused at once (a circuit breaker, Nygard 2007, "Release It!").
Threads in compiled code cannot be ended; when too many are left behind for too long, the process
asks to be replaced, and its supervisor starts a fresh one.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from layers.errors import NccError, Unavailable

logger = logging.getLogger(__name__)

#: After a hang or a break the engine is left alone for so long, then tried again.
PAUSE_S = 2.0
#: Threads that wait for the next call.
MOST_FREE = 8
#: So many calls left behind, the oldest for so long: the process is beyond help.
MOST_STUCK = 2
STUCK_S = 20.0

T = TypeVar("T")


def _replace_process() -> None:
    """End this web process; the server or the supervisor above it starts another."""
    if settings.NCC_PROCESS == "web" and os.environ.get("NCC_SUPERVISED"):
        logger.error("the routing engine hangs for good; this process asks to be replaced")
        os.kill(os.getpid(), signal.SIGTERM)


class EngineWatch:
    """Runs calls of the engine with a limit; safe to share between threads."""

    def __init__(self, *, replace: Callable[[], None] = _replace_process) -> None:
        self._lock = threading.Lock()
        self._stuck: dict[int, float] = {}
        self._paused_until = 0.0
        self._serial = 0
        self._free: list[_Worker] = []
        self._replace = replace

    @property
    def stuck(self) -> int:
        """Calls that overran their limit and have not come back."""
        return len(self._stuck)

    @property
    def working(self) -> bool:
        """Whether a call made now would be tried."""
        with self._lock:
            return self._may_try(time.monotonic())

    def _may_try(self, now: float) -> bool:
        return now >= self._paused_until and len(self._stuck) < MOST_STUCK

    def call(self, work: Callable[[], T], *, limit_s: float) -> T:
        """Result of `work`, or its named error; raises `Unavailable` where it overruns `limit_s`
        (seconds), breaks, or is not tried because it did so a moment ago.

        `work` runs in another thread: it must not touch the database or the request.
        """
        now = time.monotonic()
        with self._lock:
            tried = self._may_try(now)
            oldest_s = now - min(self._stuck.values(), default=now)
            beyond_help = len(self._stuck) >= MOST_STUCK and oldest_s > STUCK_S
            self._serial += 1
            number = self._serial
        if beyond_help:
            self._replace()
        if not tried:
            raise Unavailable(
                _("the routing engine does not answer at the moment"),
                remedy=_("times by road come back by themselves; until then judge by distance"),
            )
        outcome: list[Any] = []
        done = threading.Event()

        language = get_language()

        def run() -> None:
            try:
                with override(language):  # a refusal speaks as its reader does
                    outcome.append((True, work()))
            except BaseException as error:
                outcome.append((False, error))
            done.set()
            with self._lock:
                if self._stuck.pop(number, None) is not None:
                    self._paused_until = 0.0  # late, but alive

        self._give(run)
        if not done.wait(limit_s):
            with self._lock:
                if not done.is_set():
                    self._stuck[number] = time.monotonic()
                    self._paused_until = time.monotonic() + PAUSE_S
            logger.error("the routing engine gave no answer within %.2f s", limit_s)
            raise Unavailable(
                _("the routing engine gave no answer within {limit_s} s").format(
                    limit_s=format(limit_s, "g")
                ),
                remedy=_("times by road come back by themselves; until then judge by distance"),
            )
        good, value = outcome[0]
        if good:
            return value
        if isinstance(value, NccError):
            raise value
        with self._lock:
            self._paused_until = time.monotonic() + PAUSE_S
        logger.error("the routing engine broke", exc_info=value)
        raise Unavailable(
            _("the routing engine broke ({kind})").format(kind=type(value).__name__),
            remedy=_("times by road come back by themselves; until then judge by distance"),
        ) from value

    def _give(self, run: Callable[[], None]) -> None:
        """Have a thread that is free run it, or a new one; a fork leaves none of them alive."""
        with self._lock:
            worker = self._free.pop() if self._free else None
            while worker is not None and not worker.is_alive():
                worker = self._free.pop() if self._free else None
        if worker is None:
            worker = _Worker(self._come_back)
            worker.start()
        worker.tasks.put(run)

    def _come_back(self, worker: _Worker) -> bool:
        """Whether a thread that has done its work shall wait for more."""
        with self._lock:
            if len(self._free) >= MOST_FREE:
                return False
            self._free.append(worker)
            return True


class _Worker(threading.Thread):
    """A thread that serves one call after the other: projections and scratch memory are made once
    for a thread, and cost more than a call."""

    def __init__(self, come_back: Callable[[_Worker], bool]) -> None:
        super().__init__(name="routing", daemon=True)
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._come_back = come_back

    def run(self) -> None:
        """Serve until there are more free threads than are of use."""
        self.tasks.get()()
        while self._come_back(self):
            self.tasks.get()()


#: The watches of this process: over times for dispatchers, and over pictures and covers, whose
#: delay must not stop the former.
engine_watch = EngineWatch()
slow_watch = EngineWatch()
