"""Warnings in force."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from layers.access.policies import Can, rights_of
from layers.api.app import new_router, open_to
from layers.incidents.hazards.selectors import feeds_shown, hazards_shown

router = new_router("hazards")


@router.get("/hazards")
@open_to(Can.SEE_PUBLIC)
def hazards(request: HttpRequest) -> dict[str, Any]:
    """Warnings in force, those that touch the city first; for the control room also the feeds' state."""
    answer: dict[str, Any] = {"hazards": hazards_shown()}
    if rights_of(request.user).can(Can.SEE_OPERATIONS):
        answer["feeds"] = feeds_shown()
    return answer
