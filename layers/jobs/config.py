"""Constants of the job cluster, and its settings dictionary; imports nothing, so settings may read it."""

from __future__ import annotations

from typing import Any

#: Name of the queue every machine's workers read.
QUEUE = "ncc"
#: Longest time one piece of work may take, and the default (seconds).
PIECE_TIMEOUT_MAX_S = 1500
PIECE_TIMEOUT_S = 600
#: A worker goes back to the queue after this long, so that jobs take turns (seconds).
SLICE_S = 20.0
#: The cluster's own limit for one task: a slice and the longest piece, with room to spare (seconds).
TASK_TIMEOUT_S = 1800
#: A running job writes its pulse this often, and is taken for abandoned when it is this old (seconds).
PULSE_S = 2.0
ABANDONED_S = 10.0
#: A worker's heartbeat is asked for this often, and missed when it is this old (seconds).
BEAT_S = 20.0
BEAT_SILENT_S = 180.0
#: How often a piece of work is started before its job has failed.
MAX_ATTEMPTS = 3
#: Advisory locks of this room have this number in their upper 16 bits.
LOCK_SPACE = 0x4E4A


def q_cluster(*, workers: int = 1) -> dict[str, Any]:
    """The settings of django-q2 for `workers` worker processes on this machine.

    `retry` is above `timeout · (queue_limit / workers + 1)`: a task waiting in the local queue is
    never taken for lost. Attempts belong to the job, so the cluster itself tries once.
    """
    workers = max(1, int(workers))
    queue_limit = workers
    return {
        "name": QUEUE,
        "label": "Job queue",
        "broker_class": "layers.jobs.cluster.queue.OrmBroker",
        "orm": "default",
        "workers": workers,
        "queue_limit": queue_limit,
        "bulk": 1,
        "poll": 0.2,
        "timeout": TASK_TIMEOUT_S,
        "retry": TASK_TIMEOUT_S * (queue_limit // workers + 1) + 60,
        "guard_cycle": 0.5,
        "ack_failures": True,
        "max_attempts": 1,
        "save_limit": -1,
        "recycle": 500,
        "scheduler": False,
        "catch_up": False,
        "log_level": "WARNING",
    }
