"""Kinds of job that tests work, in this process and in workers that get killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from layers.errors import InvalidInput
from layers.events.models import Event
from layers.jobs.models import Job
from layers.jobs.registry import JobCancelled, Piece, job_kind
from layers.jobs.services import job_cancelled, job_progress


def _mark(job: Job, name: Any) -> None:
    """A row that is there exactly once, if pieces are done exactly once."""
    Event.objects.create(kind="test.mark", layer=str(job.pk), object_id=str(name))


def marks(job: Job) -> list[str]:
    return list(
        Event.objects.filter(kind="test.mark", layer=str(job.pk))
        .order_by("id")
        .values_list("object_id", flat=True)
    )


def _plan(job: Job) -> list[Piece]:
    return [Piece({"i": i}, units=2) for i in range(job.params["n"])]


def _sum(job: Job, results: list[Any]) -> dict[str, Any]:
    return {"sum": sum(results), "order": results}


@job_kind("test.squares", plan=_plan, finish=_sum, parallel=3)
def squares(job: Job, payload: dict[str, Any]) -> int:
    _mark(job, payload["i"])
    time.sleep(job.params.get("pause_s", 0))
    return payload["i"] ** 2


@job_kind("test.kill_once", plan=_plan, finish=_sum, parallel=1)
def kill_once(job: Job, payload: dict[str, Any]) -> int:
    """kill -9 of the process in the middle of piece `at`, the first time."""
    _mark(job, payload["i"])
    flag = Path(job.params["flag"])
    if payload["i"] == job.params["at"] and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return payload["i"] ** 2


@job_kind("test.always_kills")
def always_kills(job: Job, payload: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job_kind("test.raises")
def raises(job: Job, payload: dict[str, Any]) -> None:
    _mark(job, "half")
    raise RuntimeError("broken as asked")


@job_kind("test.refuses")
def refuses(job: Job, payload: dict[str, Any]) -> None:
    raise InvalidInput("no such city", value=payload.get("city"), remedy="import one")


@job_kind("test.slow")
def slow(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """Counts to `n`, telling how far it is, until cancelled."""
    n = payload["n"]
    for i in range(n):
        job_progress(job, done=i + 1, total=n, message=f"step {i + 1}")
        time.sleep(payload["pause_s"])
        if job_cancelled(job):
            if payload.get("keep"):
                return {"stopped_at": i + 1}
            raise JobCancelled
    return {"steps": n}


@job_kind("test.hangs", timeout_s=2)
def hangs(job: Job, payload: dict[str, Any]) -> None:
    """A C call that holds the GIL for about a minute."""
    import re

    re.match(r"(a+)+$", "a" * 40 + "b")


def _serve() -> None:
    """Work the job named on the command line, as a worker's task would."""
    import sys

    from layers.jobs.runner import job_run

    job_run(int(sys.argv[1]), watched=True)
