"""What every template may use: the visitor's rights and the page's nonce."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from layers.access.policies import Can, rights_of


def page(request: HttpRequest) -> dict[str, Any]:
    """`nonce`, `rights` and `can` (names of abilities held) for templates."""
    user = getattr(request, "user", None)
    rights = rights_of(user)
    return {
        "nonce": getattr(request, "csp_nonce", ""),
        "rights": rights,
        "can": {ability.name.lower(): rights.can(ability) for ability in Can},
    }
