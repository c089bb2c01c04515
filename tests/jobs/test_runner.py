"""Working jobs: in order, exactly once, through errors, cancellation and kill -9."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from layers.jobs.models import Job, JobChunk, JobState
from layers.jobs.runner import attempts_refund, job_run, jobs_sweep
from layers.jobs.services import job_cancel, job_enqueue
from tests.jobs.kinds import marks

Start = Callable[[int], "subprocess.Popen[bytes]"]


def _age(job: Job) -> None:
    """Make a job look silent."""
    past = timezone.now() - timedelta(seconds=30)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=past, enqueued_at=past, created_at=past)


def _in_thread(function: Callable[[], Any]) -> threading.Thread:
    def call() -> None:
        function()
        connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


@pytest.mark.django_db
def test_a_planned_job_is_worked_in_order_and_finished() -> None:
    job = job_enqueue("test.squares", params={"n": 5})
    assert job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.result == {"sum": 30, "order": [0, 1, 4, 9, 16]}
    assert (job.done, job.total, job.attempts) == (10, 10, 1)
    assert marks(job) == ["0", "1", "2", "3", "4"]
    assert job.started_at <= job.heartbeat_at <= job.finished_at
    # The plan asked for two more workers (parallel is 3): three tasks in all.
    assert OrmQ.objects.count() == 3
    assert job_run(job.pk)
    assert len(marks(job)) == 5


@pytest.mark.django_db
def test_a_plan_of_nothing_is_done() -> None:
    job = job_enqueue("test.squares", params={"n": 0})
    job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"sum": 0, "order": []})


@pytest.mark.django_db
def test_a_failing_piece_is_tried_three_times_and_leaves_nothing(caplog: Any) -> None:
    job = job_enqueue("test.raises")
    job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert job.error.startswith("RuntimeError: broken as asked")
    assert marks(job) == []


@pytest.mark.django_db
def test_refused_input_is_not_tried_again() -> None:
    job = job_enqueue("test.refuses", params={"city": "?"})
    job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (
        JobState.FAILED,
        1,
        "no such city; import one",
    )


@pytest.mark.django_db(transaction=True)
def test_three_workers_share_a_job_and_do_each_piece_once() -> None:
    job = job_enqueue("test.squares", params={"n": 12, "pause_s": 0.15})
    workers = [_in_thread(lambda: job_run(job.pk))]
    _until(lambda: OrmQ.objects.count() == 3)
    workers += [_in_thread(lambda: job_run(job.pk)) for _ in range(2)]
    for worker in workers:
        worker.join()
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert sorted(marks(job), key=int) == [str(i) for i in range(12)]
    assert job.result["order"] == [i**2 for i in range(12)]
    spans = sorted(job.chunks.filter(role="work").values_list("started_at", "finished_at"))
    # A worker alone would finish each piece before it starts the next.
    assert any(later[0] < earlier[1] for earlier, later in pairwise(spans))


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_running_piece_and_keeps_nothing_of_it() -> None:
    job = job_enqueue("test.slow", params={"n": 400, "pause_s": 0.05})
    worker = _in_thread(lambda: job_run(job.pk))
    _until(lambda: Job.objects.get(pk=job.pk).message.startswith("step"))
    seen = Job.objects.get(pk=job.pk)
    assert 0 < seen.done < seen.total == 400
    assert job_cancel(job.pk).state == JobState.RUNNING
    worker.join(timeout=6)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert job.result is None


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_job_keeps_what_its_piece_chose_to_end_with() -> None:
    job = job_enqueue("test.slow", params={"n": 400, "pause_s": 0.05, "keep": True})
    worker = _in_thread(lambda: job_run(job.pk))
    _until(lambda: Job.objects.get(pk=job.pk).message.startswith("step"))
    job_cancel(job.pk)
    worker.join(timeout=6)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert 0 < job.result["stopped_at"] < 400


@pytest.mark.django_db(transaction=True)
def test_kill_9_resumes_at_the_checkpoint_without_repeats(
    work_in_process: Start, tmp_path: Path
) -> None:
    params = {"n": 12, "at": 7, "flag": str(tmp_path / "killed")}
    job = job_enqueue("test.kill_once", params=params)
    process = work_in_process(job.pk)
    process.communicate(timeout=30)
    assert process.returncode == -9
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.RUNNING, 14)
    assert marks(job) == [str(i) for i in range(7)]
    # Its task went with it; the sweeper notices that nobody holds the piece.
    OrmQ.objects.all().delete()
    assert jobs_sweep() == 0
    _age(job)
    assert jobs_sweep() == 1
    assert OrmQ.objects.count() == 1
    assert job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert marks(job) == [str(i) for i in range(12)]
    assert job.result["sum"] == sum(i**2 for i in range(12))
    assert job.attempts == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_that_always_dies_has_failed_after_three(work_in_process: Start) -> None:
    job = job_enqueue("test.always_kills")
    for attempt in (1, 2, 3):
        process = work_in_process(job.pk)
        process.communicate(timeout=30)
        assert process.returncode == -9
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.RUNNING, attempt)
    assert job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "3 times" in job.error


@pytest.mark.django_db(transaction=True)
def test_a_hang_in_c_is_killed_within_its_time(work_in_process: Start) -> None:
    job = job_enqueue("test.hangs")
    process = work_in_process(job.pk)
    _until(lambda: JobChunk.objects.filter(job=job, attempts=1).exists(), 30)
    started = time.monotonic()
    _out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 2 + 5
    assert process.returncode == 1
    assert b"kinds.py" in err
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)


@pytest.mark.django_db(transaction=True)
def test_a_held_job_is_not_swept_and_an_orderly_stop_is_no_attempt() -> None:
    job = job_enqueue("test.slow", params={"n": 40, "pause_s": 0.05, "keep": True})
    worker = _in_thread(lambda: job_run(job.pk))
    _until(lambda: Job.objects.get(pk=job.pk).state == JobState.RUNNING)
    OrmQ.objects.all().delete()
    _age(job)
    assert jobs_sweep() == 0
    piece = JobChunk.objects.get(job=job, role="work")
    assert attempts_refund("another-machine") == 0
    assert attempts_refund(piece.worker) == 1
    piece.refresh_from_db()
    assert piece.attempts == 0
    worker.join()
    job.refresh_from_db()
    assert job.state == JobState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_connection_cannot_store_over_its_successor() -> None:
    job = job_enqueue("test.slow", params={"n": 20, "pause_s": 0.05, "keep": True})
    worker = _in_thread(lambda: job_run(job.pk))
    _until(lambda: JobChunk.objects.filter(job=job, role="work", attempts=1).exists())
    # Somebody else has taken the piece and finished it meanwhile.
    JobChunk.objects.filter(job=job, role="work").update(claim=None, done=True, result="theirs")
    worker.join()
    assert JobChunk.objects.get(job=job, role="work").result == "theirs"
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, "theirs")


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_costs_an_attempt_not_the_job() -> None:
    job = job_enqueue("test.squares", params={"n": 6, "pause_s": 0.2})
    worker = _in_thread(lambda: job_run(job.pk))
    _until(lambda: len(marks(job)) >= 2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    worker.join(timeout=15)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert marks(job) == [str(i) for i in range(6)]
