"""`import_hazards PATH`: warnings out of a file, for rooms without a way out and for drills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from layers.errors import HostileInput, InvalidInput
from layers.incidents.hazards.fetching import MAX_BYTES
from layers.incidents.hazards.service import document_read, notices_take
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Keeps the messages of a file as a poll would; an RSS list alone holds only links."""

    help = "Read a BMKG earthquake JSON or a CAP 1.2 warning from a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)

    def answer(self, **options: Any) -> dict[str, Any]:
        path: Path = options["path"]
        if not path.is_file():
            raise InvalidInput("there is no such file", where=path.name, remedy="check the path")
        if path.stat().st_size > MAX_BYTES:
            raise HostileInput(f"the file is larger than {MAX_BYTES} bytes", where=path.name)
        document = document_read(path.read_bytes())
        taken = notices_take(document.notices)
        return {
            "new": taken.new, "known": taken.known, "ended": taken.ended, "raised": taken.raised,
            "links": [address for address, _name in document.links],
            "notes": sorted({note for notice in document.notices for note in notice.notes}),
        }  # fmt: skip
