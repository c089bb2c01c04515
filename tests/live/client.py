"""A client of the event stream that talks ASGI to the application in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from layers.live.streams import LiveHandler


@lru_cache(maxsize=1)
def application() -> Any:
    """The whole ASGI application, middleware included."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    return LiveHandler()


class StreamClient:
    """Opens `/events/`, parses what comes, remembers its last id as a browser would."""

    def __init__(self, *, cookie: str = "", last_id: int | None = None, query: str = "") -> None:
        self.cookie = cookie
        self.last_id = last_id
        self.query = query
        self.status = 0
        self.headers: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.controls: list[str] = []
        self.ended = asyncio.Event()
        self._rest = b""
        self._gone = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> StreamClient:
        """Connect and wait for the first bytes."""
        headers = [(b"host", b"localhost")]
        if self.cookie:
            headers.append((b"cookie", f"sessionid={self.cookie}".encode()))
        if self.last_id is not None:
            headers.append((b"last-event-id", str(self.last_id).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/events/",
            "raw_path": b"/events/",
            "query_string": self.query.encode(),
            "headers": headers,
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
        }
        self._gone.clear()
        self.ended.clear()
        self._task = asyncio.create_task(self._call(scope))
        await self.until(lambda: bool(self.controls or self.events or self.ended.is_set()))
        if self.ended.is_set():
            await self._task
        return self

    async def _call(self, scope: dict[str, Any]) -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
            else:
                self._parse(message.get("body", b""))

        try:
            await application()(scope, receive, send)
        finally:
            self.ended.set()
            self._changed.set()

    def _parse(self, data: bytes) -> None:
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            fields = dict(
                line.split(": ", 1)
                for line in block.decode().split("\n")
                if not line.startswith(":")
            )
            if "id" in fields:
                self.last_id = int(fields["id"])
            if "event" in fields:
                self.controls.append(fields["event"])
            elif "data" in fields:
                self.events.append(json.loads(fields["data"]))
            elif block.startswith(b":"):
                self.controls.append("comment")
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5) -> None:
        """Wait until the condition holds; fails the test when it does not in time."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        """Go away, as a browser does when its page is left."""
        self._gone.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=5)

    @property
    def ids(self) -> list[int]:
        return [event["id"] for event in self.events]
