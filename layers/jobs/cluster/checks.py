"""System checks of the job cluster: what would stall or lose work refuses to start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


def pooled_databases() -> list[str]:
    """Aliases of databases with a connection pool, which a process that forks must not have."""
    return [
        alias
        for alias, database in settings.DATABASES.items()
        if database.get("OPTIONS", {}).get("pool")
    ]


@register()
def worker_settings_check(**_kwargs: Any) -> list[CheckMessage]:
    """A worker forks: a connection pool shared across fork stalls. Retry must outlast a task."""
    messages: list[CheckMessage] = []
    pooled = pooled_databases()
    if getattr(settings, "NCC_PROCESS", "") == "worker" and pooled:
        messages.append(
            Error(
                f"The worker's database {', '.join(pooled)} has a connection pool.",
                hint="Workers fork, and a pool shared across fork stalls: start them with "
                "NCC_PROCESS=worker and no OPTIONS['pool'].",
                id="jobs.E001",
            )
        )
    cluster = getattr(settings, "Q_CLUSTER", {})
    workers = cluster.get("workers", 1)
    least = cluster.get("timeout", 0) * (cluster.get("queue_limit", 1) / workers + 1)
    if cluster.get("retry", 0) <= least:
        messages.append(
            Error(
                f"Q_CLUSTER retry is {cluster.get('retry')} s, at most {least:.0f} s.",
                hint="retry must be above timeout * (queue_limit / workers + 1), or running tasks "
                "are started a second time; use layers.jobs.config.q_cluster().",
                id="jobs.E002",
            )
        )
    if not cluster.get("ack_failures") or cluster.get("max_attempts") != 1:
        messages.append(
            Error(
                "Q_CLUSTER must have ack_failures=True and max_attempts=1.",
                hint="Attempts belong to the job; the cluster would repeat a killing task for ever.",
                id="jobs.E003",
            )
        )
    return messages
