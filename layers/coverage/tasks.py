"""Background work of coverage: analysing a city, and keeping the stored camera views current."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.dispatch import receiver

from layers.coverage.freshness.feed import (
    BATCH,
    MANY,
    sight_changes_check,
    sight_changes_resolve,
    sight_changes_waiting,
    sight_changes_work,
)
from layers.coverage.models import CoverageRun
from layers.coverage.plans.demo import sample_plan
from layers.coverage.plans.tasks import PLAN, SAMPLE_PLAN, plan
from layers.events.services import event_publish
from layers.jobs.models import ChunkRole, Job, JobChunk, JobState
from layers.jobs.periodic import periodic
from layers.jobs.registry import Piece, job_changed, job_kind
from layers.jobs.services import job_enqueue

ANALYSE = "coverage.analyse"
SIGHTS = "coverage.sights"
__all__ = ["ANALYSE", "PLAN", "SAMPLE_PLAN", "SIGHTS", "analyse", "plan", "sample_plan"]


def _analysis_pieces(job: Job) -> list[Piece]:
    """The run, and one piece for each of its tiles; workers on any machine take them."""
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.figures.work import run_plan

    run, tiles = run_plan(job.params, requested_by=job.requested_by)
    return [Piece({"run": run, "part": part, "tile": number}) for part, number in tiles] or [
        Piece({"run": run, "part": 0, "tile": None})
    ]


def _analysis_end(job: Job, results: list[Any]) -> dict[str, Any]:
    """The tiles brought together in the order of the plan; what they answered is kept no longer."""
    from layers.coverage.figures.work import run_finish

    run = int(JobChunk.objects.filter(job=job, role=ChunkRole.WORK).first().payload["run"])  # type: ignore[union-attr]
    run_finish(run, [answer for answer in results if answer is not None])
    JobChunk.objects.filter(job=job, role=ChunkRole.WORK).update(result=None)
    event_publish("coverage.analysed", layer="coverage", object_id=run, payload={"run": run})
    return {"run": run}


@job_kind(ANALYSE, plan=_analysis_pieces, finish=_analysis_end, timeout_s=1200, parallel=64)
def analyse(job: Job, payload: dict[str, Any]) -> dict[str, Any] | None:
    """One tile of a run; the answer depends on the tile and the buildings around it alone."""
    from layers.coverage.figures.work import tile_work

    if payload["tile"] is None:
        return None
    return tile_work(payload["run"], payload["part"], payload["tile"])


@receiver(job_changed)
def analysis_given_up(sender: Any, job: Job, **kwargs: Any) -> None:
    """A run whose job was cancelled or failed leaves nothing behind."""
    if job.kind == ANALYSE and job.state in (JobState.CANCELLED, JobState.FAILED):
        first = JobChunk.objects.filter(job=job, role=ChunkRole.WORK).first()
        if first is not None:
            CoverageRun.objects.filter(
                pk=first.payload["run"], state=CoverageRun.State.RUNNING
            ).delete()


def analysis_enqueue(*, user: Any, **wanted: Any) -> Job:
    """Queue an analysis; while one for the same is on its way, that one is returned.

    `wanted`: subject, area, level, profile, edition by name, or `repeat` with the number of a run.
    """
    params = {name: value for name, value in sorted(wanted.items()) if value is not None}
    return job_enqueue(ANALYSE, params=params, user=user)


def _sight_pieces(job: Job) -> list[Piece]:
    """One piece for each batch of cameras that await it; whoever takes one takes the next batch."""
    sight_changes_resolve()
    waiting = sight_changes_waiting()
    return [Piece({}, units=min(BATCH, waiting - first)) for first in range(0, waiting, BATCH)]


def _sight_total(job: Job, results: list[Any]) -> dict[str, Any]:
    return {"cameras": sum(results)}


@job_kind(SIGHTS, plan=_sight_pieces, finish=_sight_total, timeout_s=1200)
def sights(job: Job, payload: dict[str, Any]) -> int:
    """The next batch of stored camera views; nothing where another process was quicker."""
    return sight_changes_work()


def sights_enqueue() -> None:
    """Ask for a refresh as a job; asking again while one is at it changes nothing."""
    job_enqueue(SIGHTS, key=SIGHTS)


@periodic(5)
def sights_check() -> None:
    """See that a refresher runs, and that changes left by a killed one are answered.

    The refresher is a thread of the worker's parent process, woken at every commit.
    """
    if settings.NCC_PROCESS == "worker":
        from layers.coverage.freshness.watch import watch_start

        watch_start()
    sight_changes_resolve()
    if sight_changes_waiting() > MANY:
        sights_enqueue()


@periodic(600)
def sights_verify() -> None:
    """Hold every stored view against the digest of its inputs: no change goes unnoticed for ever."""
    sight_changes_check()
