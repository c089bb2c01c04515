"""`restore PATH`: the whole database out of a file that `backup` made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.management.archive import database_restore
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Replaces everything in the database, or nothing; stop the site first."""

    help = "Replace the whole database by a backup."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="a file that `backup` made")

    def answer(self, **options: Any) -> dict[str, Any]:
        return database_restore(options["path"], progress=self.progress)
