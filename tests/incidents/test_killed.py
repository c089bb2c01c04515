"""kill -9 of a process around its commit: told exactly once or not at all, and no number is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from layers.events.selectors import events_after
from layers.incidents.desk.creating import incident_report
from layers.incidents.models import Incident
from layers.incidents.records import IncidentTimer
from tests.api.desk_room import LAT, LON, make_types
from tests.factories import make_agency
from tests.jobs.conftest import test_database_url as database_url
from tests.threads import load_reference

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
#: Makes an incident in a transaction and says where it is; then waits to be killed.
SCRIPT = """
import django, sys; django.setup()
from django.db import transaction
from layers.incidents.desk.creating import incident_report
before = sys.argv[1] == "before"
with transaction.atomic():
    incident_report(user=None, type_code="medical", lon=112.63, lat=-7.98, agency="ncc")
    if before:
        print("written", flush=True); sys.stdin.read()
print("committed", flush=True); sys.stdin.read()
"""


def killed(when: str) -> None:
    """A process killed before or after the commit of its incident."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, when],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "NCC_DATABASE_APP_URL": "", "DJANGO_SETTINGS_MODULE": "ncc_geo.settings"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    word = process.stdout.readline().strip()
    assert word == ("written" if when == "before" else "committed")
    process.send_signal(signal.SIGKILL)
    process.wait(20)


def told(last: int = 0) -> tuple[list[str], int]:
    rows, reached = events_after(last, allowed=lambda event: True)
    return [row.payload["number"] for row in rows if row.kind == "incident.changed"], reached


def test_a_process_killed_around_its_commit_tells_once_or_never_and_loses_no_number() -> None:
    load_reference()
    make_types()
    make_agency("ncc")
    year = f"{timezone.localtime():%Y}"
    killed("before")
    assert not Incident.objects.exists()
    numbers, place = told()
    assert numbers == []
    killed("after")
    numbers, place = told(place)
    assert numbers == [f"INC-{year}-00001"]
    assert told(place) == ([], place)
    incident_report(user=None, type_code="medical", lon=LON, lat=LAT, agency="ncc")
    assert told(place)[0] == [f"INC-{year}-00002"]
    assert Incident.objects.count() == 2
    assert not IncidentTimer.objects.exists()
