"""The short way in for trackers: one fix in a query, answered before the pages' machinery wakes up.

A tracker sends one small request every few seconds, hundreds of them at once. What it asks for is
the same as through the API (`layers.api.positions`), and everything unusual is passed on to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from django.db import Error as DatabaseError
from django.db import connection

from layers.dispatch.positions.authentication import source_of_key, source_remembered
from layers.dispatch.positions.intake import FLUSH_MAX, Source, Taken, Ticket
from layers.dispatch.positions.reading import osmand_reading
from layers.dispatch.positions.service import fault_rows, tickets_write
from layers.errors import NccError, Unauthenticated, http_status

logger = logging.getLogger(__name__)
ADDRESS = "/api/v1/positions/osmand"
#: Longer queries are no fix of a tracker (bytes).
_QUERY_MAX = 4000
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]  # fmt: skip


class PositionDoor:
    """ASGI: answers the OsmAnd protocol's queries itself, hands everything else to the application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._waiting: list[tuple[Ticket, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != ADDRESS or not _is_plain(scope):
            await self._app(scope, receive, send)
            return
        status, body = await self._answer(scope)
        content = json.dumps(body).encode()
        headers = [
            (b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()),
            (b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Message) -> tuple[int, dict[str, Any]]:
        try:
            values = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            source = await self._source(_key(scope, values))
            taken = await self._take(source, values)
            if taken.revoked:
                raise Unauthenticated("the key was revoked", remedy="ask for a new one")
        except NccError as error:
            return http_status(error), {"error": error.code, "message": str(error)}
        except DatabaseError:
            logger.exception("a fix could not be written")
            return 503, {"error": "unavailable", "message": "the database does not answer"}
        return 200, {"moved": taken.moved, "late": taken.late, "quarantined": fault_rows(taken)}

    async def _source(self, key: str) -> Source:
        known = source_remembered(key)
        return known if known is not None else await asyncio.to_thread(source_of_key, key)

    async def _take(self, source: Source, values: dict[str, str]) -> Taken:
        """Wait with others for the next writing, as `Intake` does among threads."""
        ticket = Ticket(source, [osmand_reading(values)])
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((ticket, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await written
        if ticket.error is not None:
            raise ticket.error
        return ticket.taken

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:FLUSH_MAX], self._waiting[FLUSH_MAX:]
            await asyncio.to_thread(_write_and_give_back, [ticket for ticket, _written in batch])
            for _ticket, written in batch:
                if not written.done():
                    written.set_result(None)


def _write_and_give_back(tickets: list[Ticket]) -> None:
    try:
        tickets_write(tickets)
    except Exception as error:
        for ticket in tickets:
            ticket.error = error
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _is_plain(scope: Message) -> bool:
    """Whether the request is a GET, or a POST without a body."""
    if len(scope["query_string"]) > _QUERY_MAX:
        return False
    if scope["method"] == "GET":
        return True
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    return scope["method"] == "POST" and length == b"0" and b"transfer-encoding" not in headers


def _key(scope: Message, values: dict[str, str]) -> str:
    headers = dict(scope["headers"])
    scheme, _space, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    own = headers.get(b"x-device-key", b"").decode("latin-1")
    return own or values.get("id") or values.get("deviceid") or ""
