"""Who is behind a request: session, account and grants, read at every request, with one query."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from layers.access.models import User
from layers.access.policies import GrantHeld, rights_held
from layers.geo.sql import load_sql

#: Sessions of which this process remembers whose they were.
_KEPT = 10_000
_whose: OrderedDict[str, int] = OrderedDict()
_lock = Lock()


def visitor_of(request: HttpRequest) -> User | AnonymousUser:
    """The account behind a request as the database has it now, its rights included.

    Whose a session was the last time is remembered, so that session, account and grants can be
    asked for at once. That is a guess: what the session itself says decides, and where it says
    something else, or is new, or has ended, Django's own way is gone, step by step.
    """
    session: Any = request.session
    key = session.session_key
    if not key:
        return AnonymousUser()
    with _lock:
        guess = _whose.get(key)
    known = hasattr(session, "_session_cache")
    user = None if guess is None or known else _at_once(session, key, guess)
    if user is not None:
        return user
    found: Any = get_user(request)
    if isinstance(found, User):
        with _lock:
            _whose[key] = found.pk
            _whose.move_to_end(key)
            while len(_whose) > _KEPT:
                _whose.popitem(last=False)
    return found


def _at_once(session: Any, key: str, guess: int) -> User | None:
    """The account of the guess where the session bears it out in every respect, else None."""
    asked = {"session_key": key, "user_id": guess, "now": timezone.now()}
    found = next(iter(User.objects.raw(load_sql("access", "visitor"), asked)), None)
    if found is None:
        return None
    user: Any = found
    data = session.decode(user.session_data)
    if (
        data.get(SESSION_KEY) != str(user.pk)
        or data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS
        or not user.is_active
        or not constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    ):
        return None
    session._session_cache = data
    session.accessed = True
    grants = [GrantHeld._make(row) for row in json.loads(user.grants_held)]
    del user.session_data, user.grants_held
    rights_held(user, grants)
    return found
