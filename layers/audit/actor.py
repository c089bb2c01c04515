"""Who is acting, told to the database for the length of one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from layers.errors import Conflict

#: SQLSTATE of a transaction that the database ended to break a ring of waiting ones.
_DEADLOCK = "40P01"
#: SQLSTATE of a lock that did not come in time.
_LOCK_TIMEOUT = "55P03"
#: A transaction that was ended so is run again this often.
_TRIES = 4


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


Answer = TypeVar("Answer")


def patiently(work: Callable[[], Answer]) -> Answer:
    """Run a whole transaction; again, when the database ended it to break a ring of waiting ones.

    A lock that does not come in time is a `Conflict` that says so. Inside a transaction nothing can
    be run again: there the work is simply done.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state == _LOCK_TIMEOUT:
                raise Conflict(_("others are changing this just now"), remedy=_("try again in a moment")) from error  # fmt: skip
            if state != _DEADLOCK or connection.in_atomic_block or attempt == _TRIES:
                raise
    raise AssertionError("unreachable")
