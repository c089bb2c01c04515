"""Real workers under the real supervisor, killed in every way: nothing is lost, orphaned or repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django_q.models import OrmQ

from layers.jobs.models import Job, JobChunk, JobState, WorkerBeat
from layers.jobs.services import job_enqueue
from ncc_geo.supervisor import group_members
from tests.jobs.conftest import test_database_url as database_url
from tests.jobs.kinds import marks

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
SILENT_S = 30.0

WORKER = (
    "import django, sys; django.setup(); from tests.jobs import kinds;"
    " from layers.jobs.cluster.worker import WorkerProcess; sys.exit(WorkerProcess().run())"
)
MAIN = """
import os, sys
from pathlib import Path
from ncc_geo.supervisor import Group, Supervisor
folder, silent_s, worker = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
heartbeat = folder / "heartbeat"
group = Group("worker", [sys.executable, "-c", worker],
              {**os.environ, "NCC_SUPERVISED": "1", "NCC_HEARTBEAT_FILE": str(heartbeat)},
              logs=folder, heartbeat=heartbeat, silent_s=silent_s)
sys.exit(Supervisor([group], ready=heartbeat.exists, announce="ready").run())
"""


class Workers:
    """A supervisor with one group of workers on the test database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, str(folder), str(SILENT_S), WORKER],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "NCC_DATABASE_APP_URL": "",
                "NCC_PROCESS": "worker",
                "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def leader(self) -> int:
        """The worker program itself: the supervisor's one child."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = [int(pid) for pid in children.read_text().split()]
        return found[0] if found else 0

    def sentinel(self) -> int:
        leader = self.leader()
        found = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        return int(found[0])

    def until_ready(self) -> int:
        until(lambda: WorkerBeat.objects.exists() and self.leader(), 20)
        return self.leader()


def until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)
    connection.close()


def state(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    running = Workers(tmp_path)
    yield running
    leader = running.leader() if running.process.poll() is None else 0
    running.process.terminate()
    running.process.communicate(timeout=10)
    assert not leader or not group_members(leader)


def test_kill_9_of_a_busy_worker_resumes_at_its_checkpoint(workers: Workers) -> None:
    workers.until_ready()
    job = job_enqueue("test.squares", params={"n": 40, "pause_s": 0.25})
    until(lambda: WorkerBeat.objects.get().busy_with and len(marks(job)) >= 10, 20)
    busy = WorkerBeat.objects.get().pid
    os.kill(busy, signal.SIGKILL)
    assert state(job) == JobState.RUNNING
    until(lambda: state(job) == JobState.DONE, 60)
    assert busy not in group_members(workers.leader())
    assert marks(job) == [str(i) for i in range(40)]
    job.refresh_from_db()
    # Killed in the middle of a piece, or between two.
    assert job.attempts in (1, 2)
    assert job.result["sum"] == sum(i**2 for i in range(40))


def test_kill_9_of_sentinel_leader_and_supervisor(workers: Workers) -> None:
    first = workers.until_ready()
    os.kill(workers.sentinel(), signal.SIGKILL)
    until(lambda: workers.leader() not in (0, first), 15)
    assert not group_members(first)
    second = workers.leader()
    job = job_enqueue("test.squares", params={"n": 3})
    until(lambda: state(job) == JobState.DONE, 20)
    os.kill(second, signal.SIGKILL)
    until(lambda: workers.leader() not in (0, second), 15)
    assert not group_members(second)
    third = workers.leader()
    job = job_enqueue("test.squares", params={"n": 4})
    until(lambda: state(job) == JobState.DONE, 20)
    assert len(group_members(third)) >= 4
    workers.process.kill()
    until(lambda: not group_members(third), 5)


def test_kill_9_of_an_idle_worker_is_noticed_by_its_silence(workers: Workers) -> None:
    first = workers.until_ready()
    os.kill(WorkerBeat.objects.get().pid, signal.SIGKILL)
    job = job_enqueue("test.squares", params={"n": 3})
    until(lambda: workers.leader() not in (0, first), SILENT_S + 25)
    assert not group_members(first)
    until(lambda: state(job) == JobState.DONE, 80)


def test_sigterm_in_a_job_keeps_the_checkpoint_and_costs_no_attempt(
    workers: Workers, tmp_path: Path
) -> None:
    workers.until_ready()
    job = job_enqueue("test.squares", params={"n": 8, "pause_s": 6})
    until(lambda: JobChunk.objects.filter(job=job, done=True, role="work").exists(), 20)
    began = time.monotonic()
    workers.process.terminate()
    assert workers.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 5
    piece = JobChunk.objects.filter(job=job, done=False, role="work").earliest("index")
    assert piece.attempts == 0
    done = marks(job)
    Job.objects.filter(pk=job.pk).update(params={"n": 8})
    again = Workers(tmp_path)
    try:
        until(lambda: state(job) == JobState.DONE, 40)
    finally:
        again.process.terminate()
        again.process.communicate(timeout=10)
    assert marks(job)[: len(done)] == done
    assert marks(job) == [str(i) for i in range(8)]
    job.refresh_from_db()
    assert job.attempts == 1


def test_a_hang_in_c_is_killed_and_given_up_after_three(workers: Workers) -> None:
    workers.until_ready()
    job = job_enqueue("test.hangs")
    until(lambda: state(job) == JobState.FAILED, 90)
    job.refresh_from_db()
    assert job.attempts == 3
    assert "time limit" in job.error
    after = job_enqueue("test.squares", params={"n": 2})
    until(lambda: state(after) == JobState.DONE, 20)


def test_a_queue_signed_with_another_key_is_taken_up_again(workers: Workers) -> None:
    workers.until_ready()
    with pytest.MonkeyPatch.context() as patch:
        from django_q.conf import Conf

        patch.setattr(Conf, "SECRET_KEY", "x" * 50)
        job = job_enqueue("test.squares", params={"n": 2})
    until(lambda: state(job) == JobState.DONE, 40)
    until(lambda: not OrmQ.objects.filter(key="ncc").exists(), 5)
