"""`backup PATH`: the whole database into one file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.management.archive import database_backup
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Dumps one consistent snapshot while the site runs; see docs/operations.md."""

    help = "Write the whole database to a file that `restore` reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="the file to write; replaced once the backup is complete")

    def answer(self, **options: Any) -> dict[str, Any]:
        return database_backup(options["path"])
