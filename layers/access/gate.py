"""What every view must state: who may call it. A view that states nothing is closed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from layers.access.policies import Can

#: Attribute in which a view carries its statement.
POLICY_ATTRIBUTE = "ncc_policy"
#: Stands in a policy for "whoever holds the key that the view itself asks for"; no account has it.
BY_KEY = "by_key"


def allow(*abilities: Can) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Open a view to visitors who hold any of the abilities."""
    if not abilities:
        raise ValueError("name at least one ability; for everybody use Can.SEE_PUBLIC")

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        setattr(view, POLICY_ATTRIBUTE, frozenset(abilities))
        return view

    return mark


def everybody(view: Callable[..., Any]) -> Callable[..., Any]:
    """Open a view to every visitor, logged in or not."""
    return allow(Can.SEE_PUBLIC)(view)


def by_key(
    authenticate: Callable[[Any], Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Open a view to holders of a key, whoever is logged in or not.

    `authenticate(request)` returns the holder, who becomes `request.key_holder`, or raises
    `Unauthenticated`. The check is part of the opening, so no view can have one without the other.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            request.key_holder = authenticate(request)
            return view(request, *args, **kwargs)

        # Names in the annotations mean what they mean where the view was written.
        guarded.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
        for marked in (view, guarded):
            setattr(marked, POLICY_ATTRIBUTE, frozenset({BY_KEY}))
        return guarded

    return mark


def policy_of(view: Any) -> frozenset[str] | None:
    """The abilities a view is open to; None when it states nothing."""
    for candidate in (view, getattr(view, "view_class", None), getattr(view, "__func__", None)):
        policy = getattr(candidate, POLICY_ATTRIBUTE, None)
        if policy is not None:
            return policy
    return None


def asks_its_own_site(*, app_name: str = "", module: str = "") -> bool:
    """Whether a view is Django's own and decides for itself: the admin asks its site, static files are public."""
    return app_name == "admin" or (module or "").startswith(
        ("django.contrib.staticfiles", "django.views.static")
    )
