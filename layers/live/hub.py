"""One listener per process that reads the outbox and hands every event to every open stream."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import psycopg
from django.db import connections

from layers.access.event_rules import EventScope, Verdict
from layers.errors import Unavailable
from layers.events.selectors import HORIZON_SQL, EventRow, event_row, events_after_sql

logger = logging.getLogger(__name__)

#: Events kept in memory for streams that come back.
RING = 5000
#: Events a stream may be behind before it is closed; it resumes by its last id.
QUEUE = 1000
#: The table is looked at this often even without a wake-up (seconds).
_POLL_S = 1.0
#: Due heartbeats are looked for this often (seconds).
_TICK_S = 0.5
#: While an earlier id is still uncommitted (seconds).
_HELD_S = 0.01
_BATCH = 500
_RECONNECT_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_CEILING_SQL = (
    "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM layers_event_id_seq"
)
_NOT_LIBPQ = frozenset({"pool", "server_side_binding", "isolation_level", "assume_role"})


@dataclass(frozen=True)
class Frame:
    """An event and the bytes that carry it."""

    event: EventRow
    data: bytes


def frame_of(event: EventRow) -> Frame:
    """The event as server-sent event bytes; its data is one line of JSON."""
    text = json.dumps(event.as_dict(), ensure_ascii=False, separators=(",", ":"))
    return Frame(event, f"id: {event.id}\ndata: {text}\n\n".encode())


class Listener:
    """One open stream: what it may see, and what waits for it."""

    def __init__(self, scope: EventScope, *, after: int = 0) -> None:
        self.scope = scope
        self.after = after
        self.closed = False
        self.was_reset = False
        self.rights_stale = False
        self.beat_at = 0.0
        self._waiting: deque[bytes] = deque()
        self._sleeper: asyncio.Future[None] | None = None

    def offer(self, frame: Frame, verdict: Verdict) -> None:
        """Queue an event if the stream may see it; a stream too far behind is closed."""
        event = frame.event
        if event.id <= self.after:
            return
        self.after = event.id
        if event.layer == "access":
            self.rights_stale = True
            self.wake()
        if not verdict.for_scope(self.scope):
            return
        if len(self._waiting) >= QUEUE:
            self.close()
            return
        self._waiting.append(frame.data)
        self.wake()

    def wake(self) -> None:
        """Let `take` return."""
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def close(self) -> None:
        """End the stream after nothing more; the client comes back with its last id."""
        self.closed = True
        self._waiting.clear()
        self.wake()

    def reset(self, position: int) -> None:
        """The ids started anew: whatever the client has is of another time."""
        self._waiting.clear()
        self.after = position
        self.was_reset = True
        self.wake()

    async def take(self, beat_s: float) -> bytes:
        """All that waits, in order; empty when woken for something else, at latest for a heartbeat.

        The hub wakes sleepers once `beat_s` has passed: a timer for each stream and event would
        cost more than the event.
        """
        if not self._waiting and not (self.closed or self.was_reset or self.rights_stale):
            self.beat_at = time.monotonic() + beat_s
            self._sleeper = asyncio.get_running_loop().create_future()
            await self._sleeper
            self._sleeper = None
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


class EventHub:
    """Reads events by id on a connection of its own; NOTIFY only wakes it up."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.position = 0
        self.closed = False
        self.listeners: set[Listener] = set()
        self._ring: deque[Frame] = deque(maxlen=RING)
        self._ring_after = 0
        self._positioned = asyncio.Event()
        self._task = self.loop.create_task(self._run(), name="ncc-events")
        self._ticker = self.loop.create_task(self._tick(), name="ncc-heartbeats")
        self._close_on_signal()

    async def join(self, listener: Listener, *, resume: bool) -> list[Frame] | None:
        """Add a stream. Returns what it missed; None when that must be read from the table.

        Everything after `self.position` at this moment reaches the listener's own queue.
        """
        try:
            async with asyncio.timeout(5):
                await self._positioned.wait()
        except TimeoutError:
            raise Unavailable(
                "the event stream has no database", remedy="try again in a moment"
            ) from None
        self.listeners.add(listener)
        if not resume:
            listener.after = self.position
            return []
        after = listener.after
        listener.after = max(after, self.position)
        if after >= self.position:
            return []
        if after < self._ring_after:
            return None
        return [frame for frame in self._ring if after < frame.event.id <= self.position]

    def leave(self, listener: Listener) -> None:
        """Forget a stream."""
        self.listeners.discard(listener)

    def close(self) -> None:
        """End all streams, and the listener; the process is about to stop."""
        self.closed = True
        for listener in list(self.listeners):
            listener.close()
        self._task.cancel()
        self._ticker.cancel()

    def _close_on_signal(self) -> None:
        """End the streams at SIGTERM at once: the server waits for them before it stops."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if not callable(before) or before is signal.default_int_handler:
                continue

            def handle(
                caught: int,
                frame: FrameType | None,
                before: Callable[[int, FrameType | None], Any] = before,
            ) -> None:
                if not self.loop.is_closed():
                    self.loop.call_soon_threadsafe(self.close)
                before(caught, frame)

            signal.signal(number, handle)

    async def _tick(self) -> None:
        """Wake the streams whose heartbeat is due."""
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            for listener in list(self.listeners):
                if listener.beat_at <= now:
                    listener.wake()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **connection_parameters(), autocommit=True
                ) as connection:
                    await connection.execute("LISTEN ncc_events")
                    await self._catch_up(connection)
                    failures = 0
                    self._positioned.set()
                    await self._listen(connection)
            except (psycopg.Error, OSError) as error:
                pause_s = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
                failures += 1
                logger.warning("event listener lost its database: %s", str(error).strip())
                await asyncio.sleep(pause_s)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("event listener failed; starting it again")
                await asyncio.sleep(1)

    async def _catch_up(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if not self._positioned.is_set():
            self.position = self._ring_after = await _number(connection, HORIZON_SQL)
            return
        await self._notice_restart(connection)
        await self._read(connection)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            wanted = 0
            async for note in connection.notifies(timeout=_POLL_S, stop_after=1):
                wanted = max(wanted, int(note.payload or 0))
            if not wanted:
                await self._notice_restart(connection)
            reached = await self._read(connection)
            while reached < wanted:
                # An earlier id is drawn and not yet committed; its rollback would not wake us.
                await asyncio.sleep(_HELD_S)
                reached = await self._read(connection)

    async def _notice_restart(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """A restored database counts from a lower number: streams begin again there."""
        if await _number(connection, _CEILING_SQL) >= self.position:
            return
        self._ring.clear()
        self.position = self._ring_after = await _number(connection, HORIZON_SQL)
        for listener in list(self.listeners):
            listener.reset(self.position)

    async def _read(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Hand on every event up to the horizon; returns the horizon."""
        horizon = await _number(connection, HORIZON_SQL)
        while self.position < horizon:
            cursor = await connection.execute(
                events_after_sql(),
                {"after": self.position, "horizon": horizon, "limit": _BATCH},
            )
            rows = await cursor.fetchall()
            for columns in rows:
                self._hand_on(frame_of(event_row(columns)))
            if len(rows) < _BATCH:
                self.position = horizon
            else:
                await asyncio.sleep(0)
        return horizon

    def _hand_on(self, frame: Frame) -> None:
        if len(self._ring) == RING:
            self._ring_after = self._ring[0].event.id
        self._ring.append(frame)
        self.position = frame.event.id
        verdict = Verdict(frame.event)
        for listener in list(self.listeners):
            listener.offer(frame, verdict)


async def _number(connection: psycopg.AsyncConnection[Any], query: str) -> int:
    cursor = await connection.execute(query)
    row = await cursor.fetchone()
    return int(row[0]) if row is not None else 0


def connection_parameters() -> dict[str, Any]:
    """libpq parameters of the default database, without the pool: LISTEN needs its own connection."""
    settings = connections["default"].settings_dict
    parameters = {
        name: value for name, value in settings["OPTIONS"].items() if name not in _NOT_LIBPQ
    }
    for ours, theirs in (
        ("dbname", "NAME"),
        ("user", "USER"),
        ("password", "PASSWORD"),
        ("host", "HOST"),
        ("port", "PORT"),
    ):
        if settings[theirs]:
            parameters[ours] = settings[theirs]
    return {
        **parameters,
        "application_name": "ncc events",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


_hub: EventHub | None = None


def hub_of_process() -> EventHub:
    """The hub of the running event loop, made at the first stream."""
    global _hub
    if _hub is None or _hub.loop is not asyncio.get_running_loop():
        _hub = EventHub()
    return _hub
