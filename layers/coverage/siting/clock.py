"""How far a run of the siting optimiser has come, and whether it may go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from layers.coverage.siting.certificate import Status


@dataclass(frozen=True)
class Progress:
    """What is known so far: best objective and bound in weight units, seconds since the start."""

    phase: str
    objective: float
    bound: float
    gap: float
    seconds: float


class Clock:
    """Time left and the caller's wish to stop; once stopped it stays stopped."""

    def __init__(self, time_limit_s: float, should_stop: Callable[[], bool] | None) -> None:
        self.started = time.perf_counter()
        self._limit_s = time_limit_s
        self._should_stop = should_stop
        self.reason: Status | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return max(0.0, self._limit_s - self.seconds)

    def expire(self) -> None:
        """Note that the solver ran into the time limit."""
        self.reason = self.reason or "time_limit"

    def stopped(self) -> bool:
        """True once the time is up or the caller asked to stop."""
        if self.reason is None:
            now = self.seconds
            if now >= self._limit_s:
                self.reason = "time_limit"
            elif self._should_stop is not None and self._should_stop():
                self.reason = "cancelled"
        return self.reason is not None
