"""One snapshot of the board for all consoles of like rights: computed once, handed to whoever it suits.

After a change every console reads the board again. A console says which event it has heard of; a
snapshot that is current to that event, or a later one, holds all it can know of. So twenty consoles
cost one reading, and none gets a board older than what it was told.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import get_language

from layers.access.policies import rights_of
from layers.dispatch.board.selectors import board

#: A snapshot older than this (s) is not handed out: places move and limits pass without an event heard.
MAX_AGE_S = 1.0
#: Snapshots kept; one for each desk, language and set of rights in use.
MOST_KEPT = 64


@dataclass(frozen=True)
class Snapshot:
    """A board as JSON text, the event it is current to, and when it was begun (monotonic seconds)."""

    text: bytes
    last_event: int
    begun_s: float


class BoardShelf:
    """Snapshots by who may see them. Safe to use from many threads; nothing in it outlives the process."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kept: dict[Any, Snapshot] = {}
        self._turns: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def text(self, user: Any, *, desk: str, seen: int | None) -> bytes:
        """JSON of the board for a user: current to the event `seen` at least, or read afresh without one.

        Rights are those of this moment: a snapshot is shared only between equal rights.
        """
        rights = rights_of(user)
        key = (desk, get_language(), rights.everywhere, rights.abilities, rights.governments, rights.agencies)  # fmt: skip
        if seen is None:
            return self._read(key, user, desk).text
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            found = self._kept.get(key)
            if found is not None and found.last_event >= seen and self._now_s() - found.begun_s <= MAX_AGE_S:  # fmt: skip
                return found.text
            return self._read(key, user, desk).text

    def _read(self, key: Any, user: Any, desk: str) -> Snapshot:
        begun_s = self._now_s()
        snapshot = board(user, desk=desk)
        made = Snapshot(
            json.dumps(snapshot, cls=DjangoJSONEncoder, ensure_ascii=False).encode(),
            snapshot["last_event"],
            begun_s,
        )
        with self._lock:
            if len(self._kept) >= MOST_KEPT and key not in self._kept:
                self._kept.clear()
            kept = self._kept.get(key)
            if kept is None or kept.last_event <= made.last_event:
                self._kept[key] = made
        return made


shelf = BoardShelf()
