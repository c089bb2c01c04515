"""Asking for jobs: once, in the caller's transaction, and cancelling them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django_q.models import OrmQ

from layers.errors import InvalidInput, NotFound
from layers.jobs.health import job_status, queue_health
from layers.jobs.models import Job, JobState
from layers.jobs.registry import job_changed, job_kind
from layers.jobs.services import job_cancel, job_enqueue, job_progress


@pytest.mark.django_db
def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"test\.squares"):
        job_enqueue("test.nothing")
    assert not Job.objects.exists()


def test_a_piece_longer_than_the_cluster_allows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1500"):
        job_kind("test.too_long", timeout_s=1501)


@pytest.mark.django_db
def test_a_double_click_gives_one_job() -> None:
    first = job_enqueue("test.squares", params={"n": 3, "city": "x"})
    again = job_enqueue("test.squares", params={"city": "x", "n": 3})
    other = job_enqueue("test.squares", params={"n": 4})
    assert again.pk == first.pk
    assert other.pk != first.pk
    assert OrmQ.objects.count() == 2


@pytest.mark.django_db
def test_a_key_names_the_same_work_and_an_empty_one_none() -> None:
    first = job_enqueue("test.squares", params={"n": 1}, key="coverage")
    assert job_enqueue("test.squares", params={"n": 2}, key="coverage").pk == first.pk
    assert job_enqueue("test.squares", params={"n": 1}, key="").pk != first.pk
    assert (
        job_enqueue("test.squares", params={"n": 1}, key="").pk
        != job_enqueue("test.squares", params={"n": 1}, key="").pk
    )


@pytest.mark.django_db
def test_finished_work_may_be_asked_for_again() -> None:
    first = job_enqueue("test.squares", params={"n": 1})
    job_cancel(first.pk)
    assert job_enqueue("test.squares", params={"n": 1}).pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_give_one_job() -> None:
    start = threading.Barrier(10)
    found: list[int] = []

    def click() -> None:
        start.wait()
        found.append(job_enqueue("test.squares", params={"n": 5}).pk)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len(set(found)) == 1
    assert Job.objects.count() == OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_rolled_back_leaves_no_job_and_nothing_queued() -> None:
    with transaction.atomic():
        job = job_enqueue("test.squares", params={"n": 1})
        assert Job.objects.filter(pk=job.pk).exists()
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_a_queued_job_is_cancelled_at_once_and_stays_so() -> None:
    job = job_enqueue("test.squares", params={"n": 1})
    assert job_cancel(job.pk).state == JobState.CANCELLED
    assert job_cancel(job.pk).state == JobState.CANCELLED
    with pytest.raises(NotFound):
        job_cancel(job.pk + 1)


@pytest.mark.django_db
def test_progress_never_passes_the_total_and_is_told() -> None:
    told: list[tuple[int, int]] = []

    def hear(job: Job, **_kwargs: Any) -> None:
        told.append((job.done, job.total))

    job = job_enqueue("test.slow", params={"n": 1, "pause_s": 0}, total=10)
    job_changed.connect(hear)
    try:
        job_progress(job, done=4, message="x" * 400)
        job_progress(job, done=14)
    finally:
        job_changed.disconnect(hear)
    job.refresh_from_db()
    assert (job.done, job.total, len(job.message)) == (10, 10, 300)
    assert told == [(4, 10), (10, 10)]


@pytest.mark.django_db
def test_queue_health_counts_what_waits() -> None:
    job = job_enqueue("test.squares", params={"n": 1})
    job_enqueue("test.squares", params={"n": 2})
    health = queue_health()
    assert health["tasks_waiting"] == 2
    assert health["jobs"] == {"queued": 2, "running": 0}
    assert health["worker_age_s"] is None
    assert health["oldest_queued_s"] >= 0
    assert job_status(job)["remaining_s"] is None
