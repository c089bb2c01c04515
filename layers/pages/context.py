"""What every template may use: the visitor's rights and the page's nonce."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from layers.access.admin_rules import may_enter
from layers.access.policies import Can, rights_of


def page(request: HttpRequest) -> dict[str, Any]:
    """`nonce`, `rights`, `can` (names of abilities held) and `may_administer` for templates."""
    user = getattr(request, "user", None)
    rights = rights_of(user)
    return {
        "nonce": getattr(request, "csp_nonce", ""),
        "rights": rights,
        "may_administer": user is not None and user.is_authenticated and may_enter(user),
        "can": {ability.name.lower(): rights.can(ability) for ability in Can},
    }
