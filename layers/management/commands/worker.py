"""`worker`: this machine's background workers and periodic tasks, until SIGTERM."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import NccError
from layers.jobs.cluster.worker import WorkerProcess


class Command(BaseCommand):
    """Starts the job cluster; as many machines as wanted may run one against the same database."""

    help = "Run the background workers of this machine."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sys.exit(WorkerProcess().run())
        except NccError as error:
            raise CommandError(str(error)) from error
