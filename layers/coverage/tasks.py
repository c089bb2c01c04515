"""Background work of coverage: analysing a city, and keeping the stored camera views current."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from layers.access.models import User
from layers.coverage.freshness.feed import (
    BATCH,
    MANY,
    sight_changes_check,
    sight_changes_resolve,
    sight_changes_waiting,
    sight_changes_work,
)
from layers.coverage.plans.tasks import PLAN, plan
from layers.events.services import event_publish
from layers.jobs.models import Job
from layers.jobs.periodic import periodic
from layers.jobs.registry import Piece, job_kind
from layers.jobs.services import job_enqueue, job_progress

ANALYSE = "coverage.analyse"
SIGHTS = "coverage.sights"
__all__ = ["ANALYSE", "PLAN", "SIGHTS", "analyse", "plan"]


@job_kind(ANALYSE, timeout_s=1200)
def analyse(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One analysis; running it again gives a new run with the same figures."""
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.analysis import coverage_analyse

    figures = coverage_analyse(
        area_code=payload.get("area"),
        level=payload.get("level") or "detect",
        profile_name=payload.get("profile"),
        requested_by=User.objects.filter(pk=payload.get("user") or 0).first(),
        progress=lambda line: job_progress(job, message=line),
    )
    event_publish(
        "coverage.analysed",
        layer="coverage",
        object_id=figures["run"],
        payload={"run": figures["run"]},
    )
    return {"run": figures["run"]}


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
