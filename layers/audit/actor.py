"""Who is acting, told to the database for the length of one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection, transaction


@dataclass(frozen=True)
class Actor:
    """The person or process on whose behalf a change is made."""

    user_id: int | None
    name: str
    source: str


_current: ContextVar[Actor | None] = ContextVar("ncc_actor", default=None)


def current_actor() -> Actor | None:
    """The actor of this request, command or job, if one was named."""
    return _current.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Name the actor for everything inside; `recorded` hands the name to the database."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def recorded() -> Iterator[None]:
    """A transaction whose changes carry the current actor in the history.

    The names are set with `set_config(…, is_local => true)`: they end with the transaction and
    never reach the pool's next user.
    """
    with transaction.atomic():
        actor = _current.get()
        if actor is not None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('ncc.actor_id', %s, true), set_config('ncc.actor', %s, true),"
                    " set_config('ncc.source', %s, true)",
                    ["" if actor.user_id is None else str(actor.user_id), actor.name, actor.source],
                )
        yield
