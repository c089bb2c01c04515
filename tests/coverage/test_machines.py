"""A city worked by machines with addresses of their own, one of them switched off in the middle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from layers.coverage.analysis import coverage_analyse
from layers.coverage.figures.models import CoverageTile
from layers.coverage.figures.order import order_of_run
from layers.coverage.models import CoverageRun, CoverageStreet
from layers.coverage.tasks import analysis_enqueue
from layers.jobs.models import Job, JobChunk, JobState
from tests.coverage.big_town import big_town
from tests.coverage.test_figures import shown
from tests.jobs.machines import Machine, unavailable

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Callable[[int], Machine]]:
    """Machines by number, started; all are gone afterwards."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    made: list[Machine] = []

    def make(number: int) -> Machine:
        machine = Machine(number, tmp_path)
        made.append(machine)
        machine.start()
        return machine

    yield make
    for machine in made:
        machine.close()
    for machine in made:
        print(machine.name, machine.log.read_text()[-2000:])


def until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
    connection.close()


def worked(job: Job) -> list[JobChunk]:
    """Finished pieces."""
    return list(JobChunk.objects.filter(job=job, role="work", done=True))


def test_a_machine_dies_in_the_middle_and_nothing_is_lost(
    machines: Callable[[int], Machine],
) -> None:
    big_town(cameras=1500)
    job = analysis_enqueue(user=None, level="detect")
    first, second = machines(1), machines(2)
    until(lambda: len({piece.worker for piece in worked(job)}) == 2, 240)
    # The first is switched off while it holds a piece.
    until(lambda: JobChunk.objects.filter(job=job, role="work", done=False, worker=first.name, claim__isnull=False).exists(), 60)  # fmt: skip
    first.kill()
    kept = {piece.index: piece.finished_at for piece in worked(job)}
    held = set(JobChunk.objects.filter(job=job, done=False, worker=first.name).values_list("index", flat=True))  # fmt: skip
    total = Job.objects.get(pk=job.pk).total
    assert 0 < len(kept) < total
    until(lambda: Job.objects.get(pk=job.pk).state not in (JobState.QUEUED, JobState.RUNNING), 300)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    assert job.done == job.total == total
    pieces = {piece.index: piece for piece in worked(job)}
    assert len(pieces) == total
    # What was finished before is not done again; what the dead one held was done by the other.
    assert all(pieces[index].finished_at == at for index, at in kept.items())
    assert held
    assert {pieces[index].worker for index in held} == {second.name}
    assert {piece.attempts for index, piece in pieces.items() if index not in held} == {1}
    assert first.relay is not None
    assert second.relay is not None
    assert first.relay.carried > 0
    assert second.relay.carried > 0
    run = CoverageRun.objects.get(pk=job.result["run"])
    assert not CoverageTile.objects.exists()
    again = coverage_analyse(order=order_of_run(run))
    assert json.loads(json.dumps(shown(again))) == shown(run.figures)
    fields = ("road_id", "start_m", "length_m", "demand", "cameras", "seen_level", "sole_code")
    rows = [
        list(CoverageStreet.objects.filter(run_id=number).order_by("pk").values_list(*fields))
        for number in (run.pk, again["run"])
    ]
    assert rows[0] == rows[1]
    assert run.as_of is not None
    assert run.as_of < datetime.now(tz=UTC)
