"""Hazards in the course of time: feeds asked in turn, warnings ended when they run out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from layers.incidents.hazards.models import HazardFeed
from layers.incidents.hazards.service import feed_poll, hazards_expire
from layers.jobs.models import Job
from layers.jobs.periodic import periodic
from layers.jobs.registry import job_kind
from layers.jobs.services import job_enqueue

POLL = "hazards.poll"


@job_kind(POLL, timeout_s=300)
def poll(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One feed asked once; what it said is kept even if it is asked twice. A feed that does not
    answer is no failure of ours: its row says so."""
    from layers.errors import NccError

    feed = HazardFeed.objects.filter(pk=int(payload.get("feed") or 0)).first()
    if feed is None or feed.address not in settings.NCC_HAZARD_FEEDS:
        return {"skipped": True}
    try:
        taken = feed_poll(feed)
    except NccError as error:
        return {"error": str(error)}
    return {
        "new": taken.new,
        "known": taken.known,
        "ended": taken.ended,
        "faults": taken.faults[:20],
    }


@periodic(15, name="hazards.poll_due")
def feeds_poll_due() -> int:
    """Queue a poll of every configured feed whose turn it is; none is configured by default."""
    due = timezone.now() - timedelta(seconds=settings.NCC_HAZARD_POLL_S)
    queued = 0
    for address in settings.NCC_HAZARD_FEEDS:
        feed = HazardFeed.objects.get_or_create(address=address)[0]
        if feed.polled_at is None or feed.polled_at <= due:
            job_enqueue(POLL, params={"feed": feed.pk})
            queued += 1
    return queued


@periodic(30, name="hazards.expire")
def expire() -> None:
    """End warnings that have run out."""
    hazards_expire()
