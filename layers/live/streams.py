"""`/events/`: the outbox as server-sent events, each visitor's rights applied to each event."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from layers.access.event_rules import EventScope, event_scope
from layers.access.gate import everybody
from layers.access.visitors import visitor_of
from layers.errors import InvalidInput, Unavailable
from layers.events.selectors import events_after, events_oldest
from layers.live.hub import EventHub, Frame, Listener, frame_of, hub_of_process

#: A comment keeps proxies and clients from giving up (seconds).
HEARTBEAT_S = 15.0
#: Rights are looked up anew this often, and at every change of a grant (seconds).
RIGHTS_S = 15.0
#: A client waits this long before it comes back (milliseconds).
RETRY_MS = 2000
#: A client farther behind loads a snapshot instead (events).
BACKLOG_MAX = 20_000
#: Streams of one process.
STREAMS_MAX = 2000


def last_id_of(request: HttpRequest) -> int | None:
    """The id a client has got to, from `Last-Event-ID` or `?last_id=`; None for a new one.

    The header wins: a browser sends it when it comes back to the address it first asked for.
    """
    text = request.headers.get("Last-Event-ID") or request.GET.get("last_id") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInput(
            "the last event id is not a number",
            value=text[:40],
            where="Last-Event-ID",
            remedy="send back the id of the last event received, or none",
        )
    return int(text)


class EventResponse(StreamingHttpResponse):
    """A stream of events, whose parts `LiveHandler` sends as they come, each with one write."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        super().__init__(parts, content_type="text/event-stream; charset=utf-8")
        self.parts = parts


class LiveHandler(ASGIHandler):
    """Django's ASGI handler for pages that are almost all synchronous.

    A request goes over into its thread once and comes back once: middleware that changes sides
    costs more than the page. Event streams go past the wrappings of streamed pages, which cost more
    than the event.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Load the whole chain, the views at its end included, for one thread."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the chain; an asynchronous view at its end runs in the loop all the same."""
        return await sync_to_async(self.get_response)(request)

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Send an answer, or the parts of a stream until it or the client ends."""
        if not isinstance(response, EventResponse):
            await super().send_response(response, send)
            return
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]  # fmt: skip
        headers += [
            (b"Set-Cookie", c.output(header="").encode("ascii").strip())
            for c in response.cookies.values()
        ]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        async with aclosing(response.parts):  # type: ignore[type-var]
            async for data in response.parts:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body"})


@everybody
async def event_stream(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events from now on, or from the client's last id; never ends by itself.

    Each event: `id:` and `data:` with `{"id","at","kind","layer","object","agency","payload"}`.
    `event: hello` comes first with the id to start from; `event: reset` says that what was missed
    is gone and a snapshot must be loaded. Visitors who are not logged in get public events only.
    """
    last_id = last_id_of(request)
    hub = hub_of_process()
    if hub.closed or len(hub.listeners) >= STREAMS_MAX:
        return HttpResponse(
            "too many event streams on this server\n",
            status=503,
            headers={"Retry-After": "5"},
            content_type="text/plain",
        )
    response = EventResponse(_stream(request, hub, last_id))
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(request: HttpRequest, hub: EventHub, last_id: int | None) -> AsyncIterator[bytes]:
    scope = await sync_to_async(_scope)(request, False)
    if scope is None:
        return
    checked = _checked_now()
    listener = Listener(scope, after=last_id or 0)
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        try:
            missed = await hub.join(listener, resume=last_id is not None)
        except Unavailable:
            yield b": no database\n\n"
            return
        async for data in _beginning(hub, listener, last_id, missed, scope):
            yield data
        while not listener.closed:
            data = await listener.take(HEARTBEAT_S)
            if listener.was_reset:
                listener.was_reset = False
                yield _control("reset", listener.after)
            if data:
                yield data
            elif not listener.closed:
                # An id alone moves the client's place on past what it may not see.
                yield f": {int(time.time())}\nid: {listener.after}\n\n".encode()
            if listener.rights_stale or time.monotonic() - checked > RIGHTS_S:
                listener.rights_stale = False
                scope = await sync_to_async(_scope, thread_sensitive=False)(request, True)
                if scope is None:
                    return
                listener.scope = scope
                checked = _checked_now()
    finally:
        hub.leave(listener)


async def _beginning(
    hub: EventHub,
    listener: Listener,
    last_id: int | None,
    missed: list[Frame] | None,
    scope: EventScope,
) -> AsyncIterator[bytes]:
    """The greeting of a new client, or what a returning one missed."""
    if last_id is None:
        yield _control("hello", listener.after)
        return
    if missed is not None:
        data = b"".join(frame.data for frame in missed if scope.allows(frame.event))
        yield data or b": nothing missed\n\n"
        return
    until = listener.after
    if await sync_to_async(_too_old)(last_id, until):
        yield _control("reset", until)
        return
    place = last_id
    while place < until:
        rows, place = await sync_to_async(_missed)(place, scope)
        data = b"".join(frame_of(row).data for row in rows if row.id <= until)
        if data:
            yield data


def _checked_now() -> float:
    """When rights count as looked up: a little before now, by chance, for streams that were opened
    together shall not all look at once the next time."""
    return time.monotonic() - random.random() * RIGHTS_S / 2  # noqa: S311


def _control(name: str, place: int) -> bytes:
    return f"event: {name}\nid: {place}\ndata: {json.dumps({'id': place})}\n\n".encode()


def _missed(place: int, scope: EventScope) -> Any:
    try:
        return events_after(place, allowed=scope.allows)
    finally:
        connections.close_all()


def _too_old(last_id: int, until: int) -> bool:
    """Whether events after `last_id` were pruned, or are too many to send one by one."""
    try:
        oldest = events_oldest()
    finally:
        connections.close_all()
    pruned = last_id > 0 and oldest is not None and last_id < oldest - 1
    return pruned or until - last_id > BACKLOG_MAX


def _scope(request: HttpRequest, again: bool) -> EventScope | None:
    """What the visitor may see now; None when the account behind the stream is no longer in.

    Ends by giving the database connection back: a stream must not hold one for hours.
    """
    try:
        user: Any = request.user
        if again and user.is_authenticated:
            user = _user_again(request)
            if user is None:
                return None
        return event_scope(user)
    finally:
        connections.close_all()


def _user_again(request: HttpRequest) -> Any:
    """The user by the session as it is stored now; None after logout or when deactivated."""
    session = request.session
    fresh = HttpRequest()
    fresh.session = session.__class__(session.session_key)
    user = visitor_of(fresh)
    return None if isinstance(user, AnonymousUser) or not user.is_active else user
