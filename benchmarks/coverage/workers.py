"""`python -m benchmarks.coverage.workers`: one city analysed by 1 and by 2 worker machines, and whether they agree.

Each machine is a network namespace with an address of its own, held to one core, against one
database over TCP (root and iproute2). Run it under `bin/test`'s environment: it makes a database of
its own beside the one that DATABASE_URL names, and drops it again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Print seconds and speed-up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4000)
    parser.add_argument("--blocks", type=int, default=24)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ncc_geo.settings")
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    from tests.jobs.machines import unavailable

    reason = unavailable()
    if reason:
        sys.exit(f"skipped: {reason}")
    made = setup_databases(verbosity=0, interactive=False)
    try:
        _compare(options.cameras, options.blocks)
    finally:
        teardown_databases(made, verbosity=0)


def _compare(cameras: int, blocks: int) -> None:
    from tests.coverage.big_town import big_town

    big_town(side=blocks, cameras=cameras)
    cores = sorted(os.sched_getaffinity(0))
    print(f"{cameras:,} cameras, {blocks * blocks * 16:,} buildings, {len(cores)} cores here")
    answers, spent = [], []
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            seconds, serial_s, tiles, figures = _timed(count, cores, Path(folder))
        answers.append(figures)
        spent.append(seconds)
        print(
            f"{count} worker{'s' if count > 1 else ''}: {seconds:6.1f} s in all, tiles {tiles[0]:6.1f} s"
            f" ({tiles[1]} tiles, by worker {tiles[2]}), planned and brought together in {serial_s:.1f} s"
        )
    print(f"speed-up {spent[0] / spent[1]:.2f} in all")
    print("same answer to the last digit" if answers[0] == answers[1] else "THE ANSWERS DIFFER")


def _timed(count: int, cores: list[int], folder: Path) -> tuple[float, float, Any, str]:
    """Seconds from the first piece to the end, what is serial of it, the tiles, and the figures."""
    from django.db import connection

    from layers.coverage.figures.order import run_order
    from layers.coverage.models import CoverageRun
    from layers.coverage.tasks import analysis_enqueue
    from layers.jobs.models import Job, JobChunk, WorkerBeat
    from tests.jobs.machines import Machine

    first = CoverageRun.objects.order_by("pk").first()
    machines = [Machine(number, folder, core=cores[number % len(cores)]) for number in range(1, count + 1)]  # fmt: skip
    try:
        WorkerBeat.objects.all().delete()
        for machine in machines:
            machine.start()
        while WorkerBeat.objects.count() < count:
            time.sleep(0.2)
        # The second run repeats the first one's moment, so that their figures can be the same.
        wanted = {"repeat": first.pk} if first is not None else {"level": run_order().level}
        job = analysis_enqueue(user=None, **wanted)
        while Job.objects.filter(pk=job.pk, state__in=["queued", "running"]).exists():
            time.sleep(0.1)
    finally:
        for machine in machines:
            machine.close()
    job.refresh_from_db()
    if job.state != "done":
        sys.exit(job.error)
    chunks = list(JobChunk.objects.filter(job=job))
    work = [chunk for chunk in chunks if chunk.role == "work"]
    began = min(chunk.started_at for chunk in chunks if chunk.started_at)
    ended = max(chunk.finished_at for chunk in chunks if chunk.finished_at)
    tiles_s = (
        max(chunk.finished_at for chunk in work if chunk.finished_at)
        - min(chunk.started_at for chunk in work if chunk.started_at)
    ).total_seconds()
    by_worker = {name: sum(c.worker == name for c in work) for name in sorted({c.worker for c in work})}  # fmt: skip
    whole = (ended - began).total_seconds()
    run = CoverageRun.objects.get(pk=job.result["run"])
    figures = {key: value for key, value in run.figures.items() if key not in {"run", "seconds"}}
    connection.close()
    return (
        whole,
        whole - tiles_s,
        (tiles_s, len(work), by_worker),
        json.dumps(figures, sort_keys=True),
    )


if __name__ == "__main__":
    main()
