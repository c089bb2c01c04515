"""What keeps the routing graph up with the network: a job that builds it, asked for when it is old."""

from __future__ import annotations

from typing import Any

from layers.jobs.models import Job, JobState
from layers.jobs.periodic import periodic
from layers.jobs.registry import job_kind
from layers.jobs.services import job_enqueue

JOB = "routing_graph"


@job_kind(JOB, timeout_s=900)
def routing_graph_build(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """Build the graph of the committed network; nothing to do where it lies ready."""
    # The engine takes half a second to import: only those who use it pay.
    from layers.network.store import graph_build

    return graph_build()


@periodic(5)
def routing_graph_check() -> None:
    """Ask for a build when roads or restrictions changed since the last one.

    A build that failed is not asked for again before the network changes.
    """
    from layers.network.store import graph_current, network_versions

    if graph_current():
        return
    params = {"versions": list(network_versions())}
    if not Job.objects.filter(kind=JOB, params=params, state=JobState.FAILED).exists():
        job_enqueue(JOB, params=params, key=JOB)
