"""The cluster's settings, its queue, and what refuses to start."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from layers.jobs.cluster.checks import worker_settings_check
from layers.jobs.cluster.queue import OrmBroker, instance_queue, queue_beat, queue_waiting
from layers.jobs.config import q_cluster
from layers.jobs.health import worker_age_s, worker_beat, workers_alive
from layers.jobs.models import WorkerBeat
from layers.jobs.services import job_enqueue


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database as the web server has it."""
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "pool", {"min_size": 1})


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 16])
def test_retry_outlasts_a_task_that_waits_for_its_turn(workers: int) -> None:
    cluster = q_cluster(workers=workers)
    assert cluster["retry"] > cluster["timeout"] * (cluster["queue_limit"] / workers + 1)
    assert cluster["guard_cycle"] >= 0.5
    assert cluster["ack_failures"]
    assert cluster["max_attempts"] == 1


def test_the_settings_pass_their_own_check() -> None:
    assert worker_settings_check() == []


@pytest.mark.usefixtures("pooled")
def test_the_check_names_a_pool_and_a_short_retry(settings: Any) -> None:
    settings.NCC_PROCESS = "worker"
    settings.Q_CLUSTER = {**q_cluster(), "retry": 60, "ack_failures": False}
    assert [message.id for message in worker_settings_check()] == [
        "jobs.E001",
        "jobs.E002",
        "jobs.E003",
    ]


@pytest.mark.usefixtures("pooled")
def test_a_worker_with_a_pool_refuses_to_start() -> None:
    with pytest.raises(CommandError, match="NCC_PROCESS=worker"):
        call_command("worker", skip_checks=True)


@pytest.mark.django_db(transaction=True)
def test_eight_pushers_take_each_task_once() -> None:
    for number in range(40):
        job_enqueue("test.squares", params={"n": number})
    start = threading.Barrier(8)
    taken: list[int] = []

    def pusher() -> None:
        broker = OrmBroker("ncc")
        start.wait()
        for _ in range(20):
            taken.extend(key for key, _payload in broker._take())
        connection.close()

    threads = [threading.Thread(target=pusher) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40
    assert OrmQ.objects.filter(lock__gt=timezone.now()).count() == 40
    assert queue_waiting() == 0


@pytest.mark.django_db
def test_a_heartbeat_is_asked_of_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCC_WORKER_INSTANCE", "a")
    queue_beat()
    assert OrmQ.objects.get().key == instance_queue() == "ncc@a"
    monkeypatch.setenv("NCC_WORKER_INSTANCE", "b")
    assert OrmBroker("ncc")._take() == []
    monkeypatch.setenv("NCC_WORKER_INSTANCE", "a")
    [(_key, package)] = OrmBroker("ncc")._take()
    assert SignedPackage.loads(package)["func"] == "layers.jobs.health.worker_beat"


@pytest.mark.django_db
def test_a_heartbeat_reaches_table_and_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    path = tmp_path / "beat"
    monkeypatch.setenv("NCC_WORKER_INSTANCE", "a")
    monkeypatch.setenv("NCC_HEARTBEAT_FILE", str(path))
    worker_beat(busy_with="x" * 300)
    worker_beat()
    beat = WorkerBeat.objects.get()
    assert (beat.instance, beat.busy_with) == ("a", "")
    assert path.exists()
    age_s = worker_age_s()
    assert age_s is not None
    assert age_s < 5
    assert [row.instance for row in workers_alive()] == ["a"]
    WorkerBeat.objects.update(beat_at=timezone.now() - timedelta(minutes=4))
    assert workers_alive() == []
