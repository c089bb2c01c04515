"""Processes of their own that work on the test database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

import tests.jobs.kinds  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]


def test_database_url() -> str:
    """Address of the database these tests use."""
    settings = connection.settings_dict
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    host = quote(settings["HOST"], safe="")
    port = f"&port={settings['PORT']}" if settings["PORT"] else ""
    return f"postgresql://{user}:{password}@/{settings['NAME']}?host={host}{port}"


@pytest.fixture
def work_in_process() -> Callable[..., subprocess.Popen[bytes]]:
    """Start a process that works one job, as a worker does (with its watchdog)."""

    def start(job_id: int) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": test_database_url(),
            "NCC_DATABASE_APP_URL": "",
            "NCC_PROCESS": "worker",
            "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
        }
        script = "import django; django.setup(); from tests.jobs import kinds; kinds._serve()"
        return subprocess.Popen(
            [sys.executable, "-c", script, str(job_id)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    return start
