"""Changes to accounts that their owners make themselves."""

from __future__ import annotations

from typing import Any

from layers.access.models import User
from layers.audit.actor import recorded


def user_language_set(user: Any, *, language: str) -> None:
    """Keep the language in the account; nothing to keep for a visitor who is not logged in."""
    if not user.is_authenticated or user.language == language:
        return
    with recorded():
        User.objects.filter(pk=user.pk).update(language=language)
