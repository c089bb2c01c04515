"""What ties jobs to events: progress told to watchers, and the outbox pruned in time."""

from __future__ import annotations

import time
from typing import Any

from layers.events.services import event_publish, events_prune
from layers.jobs.models import FINAL_STATES, Job
from layers.jobs.periodic import periodic
from layers.jobs.registry import job_changed

#: A job's progress is told at most this often by one process (seconds).
TELL_S = 0.5
_told: dict[int, tuple[str, float]] = {}


def job_tell(job: Job, **_kwargs: Any) -> None:
    """Publish a job's state and progress in the transaction that changed them."""
    now = time.monotonic()
    state, at = _told.get(job.pk, ("", 0.0))
    if state == job.state and now - at < TELL_S:
        return
    if job.state in FINAL_STATES:
        _told.pop(job.pk, None)
    else:
        _told[job.pk] = (job.state, now)
    event_publish(
        "job.changed",
        layer="jobs",
        object_id=job.pk,
        payload={
            "kind": job.kind,
            "state": job.state,
            "done": job.done,
            "total": job.total,
            "message": job.message,
            "requested_by": job.requested_by_id,
        },
    )


job_changed.connect(job_tell, dispatch_uid="live.job_tell")


@periodic(600, name="events.prune")
def outbox_prune() -> None:
    """Drop events past their days, a part at a time."""
    events_prune()
