"""Fixes on their way in: many requests' fixes judged and written together, each answered once it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from layers.dispatch.positions.reading import Reading

#: Fixes written in one transaction.
FLUSH_MAX = 4000


@dataclass(frozen=True)
class Source:
    """The device that sends: bound to a unit, or a gateway for an agency's units."""

    device_id: int
    unit_id: int | None
    agency_id: int | None = None
    max_age_s: int | None = None
    kind: str = "tracker"


@dataclass
class Taken:
    """What became of the fixes of one request. `faults` are (place in the request, reason, detail)."""

    moved: int = 0
    late: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    revoked: bool = False


@dataclass
class Ticket:
    """One request that waits for its fixes to be written."""

    source: Source
    readings: Sequence[Reading]
    taken: Taken = field(default_factory=Taken)
    done: bool = False
    error: Exception | None = None


class Intake:
    """Group commit: whoever comes first writes for all who wait.

    While one thread writes, the others queue up behind it; the next of them takes the whole queue.
    A transaction grows with the load and nobody waits for a timer.
    """

    def __init__(self, write: Callable[[list[Ticket]], None]) -> None:
        self._write = write
        self._waiting: list[Ticket] = []
        self._queue = threading.Lock()
        self._writer = threading.Lock()

    def take(self, source: Source, readings: Sequence[Reading]) -> Taken:
        """Write the fixes, alone or with others'; returns when they are committed."""
        ticket = Ticket(source, readings)
        with self._queue:
            self._waiting.append(ticket)
        while not ticket.done:
            with self._writer:
                if not ticket.done:
                    self._flush()
        if ticket.error is not None:
            raise ticket.error
        return ticket.taken

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other writers of this process out, for one who has gathered tickets elsewhere."""
        with self._writer:
            yield

    def _flush(self) -> None:
        with self._queue:
            count = size = 0
            while count < len(self._waiting) and (count == 0 or size < FLUSH_MAX):
                size += len(self._waiting[count].readings)
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        try:
            self._write(batch)
        except Exception as error:
            for ticket in batch:
                ticket.error = error
        finally:
            for ticket in batch:
                ticket.done = True
