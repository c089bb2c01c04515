"""What can be done in the background: kinds of job, and the signal that tells of their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

from layers.errors import InvalidInput
from layers.jobs.config import PIECE_TIMEOUT_MAX_S, PIECE_TIMEOUT_S
from layers.jobs.models import Job

#: Sent with `job` inside the transaction that changed it; a receiver's writes commit with it.
job_changed = Signal()


class JobCancelled(Exception):
    """Raised by a piece that stops because its job was cancelled; nothing it did is kept."""


@dataclass(frozen=True)
class Piece:
    """One piece of a job: its input (JSON), and how many of the job's units it is worth."""

    payload: dict[str, Any]
    units: int = 1


Planner = Callable[[Job], Iterable[Piece]]
ChunkFunction = Callable[[Job, dict[str, Any]], Any]
Finisher = Callable[[Job, list[Any]], Any]


@dataclass(frozen=True)
class JobKind:
    """How a kind of job is planned, worked and brought to its end."""

    name: str
    chunk: ChunkFunction
    plan: Planner | None = None
    finish: Finisher | None = None
    timeout_s: int = PIECE_TIMEOUT_S
    parallel: int = 16


_KINDS: dict[str, JobKind] = {}


def job_kind(
    name: str,
    *,
    plan: Planner | None = None,
    finish: Finisher | None = None,
    timeout_s: int = PIECE_TIMEOUT_S,
    parallel: int = 16,
) -> Callable[[ChunkFunction], ChunkFunction]:
    """Register the decorated function as the worker of one piece of a kind of job.

    `chunk(job, payload)` runs in a transaction that also marks the piece done: what it writes is
    kept exactly once, however often a worker is killed. Without `plan` the job is one piece whose
    payload is the job's parameters. `finish(job, results)` gets the results in the order of the
    plan and returns the job's result; without it the result is the list (or, unplanned, the one
    result). A piece over `timeout_s` is killed and counts as an attempt. At most `parallel`
    workers share a job.
    """
    if not 0 < timeout_s <= PIECE_TIMEOUT_MAX_S:
        raise InvalidInput(
            f"a piece of {name} may not take {timeout_s} s",
            value=timeout_s,
            remedy=f"cut the work into pieces of at most {PIECE_TIMEOUT_MAX_S} s",
        )

    def register(function: ChunkFunction) -> ChunkFunction:
        _KINDS[name] = JobKind(name, function, plan, finish, timeout_s, parallel)
        return function

    return register


def job_kind_get(name: str) -> JobKind:
    """The registered kind; raises `InvalidInput` when nobody registered it."""
    try:
        return _KINDS[name]
    except KeyError:
        raise InvalidInput(
            f"no job of kind {name!r}",
            value=name,
            remedy=f"known kinds: {', '.join(sorted(_KINDS)) or 'none'}",
        ) from None
