"""Demonstration accounts: one for each role, with a fresh password each time they are made."""

from __future__ import annotations

import secrets

from django.db import transaction

from layers.access.models import Grant, Role, User
from layers.places.models import Agency

#: Role → (user name, code of the agency it acts for; "" for none).
_ACCOUNTS: dict[str, tuple[str, str]] = {
    Role.PLATFORM_ADMIN: ("admin", ""),
    Role.AGENCY_ADMIN: ("admin-dishub", "dishub"),
    Role.AGENCY_OPERATOR: ("operator-dishub", "dishub"),
    Role.CALL_TAKER: ("penerima", "ncc"),
    Role.DISPATCHER: ("dispatcher", "ncc"),
    Role.SUPERVISOR: ("pengawas", "ncc"),
    Role.FIELD_UNIT: ("unit", "damkar"),
    Role.POLICE_LIAISON: ("polisi", "polresta"),
    Role.CCTV_OPERATOR: ("cctv", "diskominfo"),
    Role.PLANNER: ("perencana", "diskominfo"),
    Role.AUDITOR: ("auditor", "inspektorat"),
    Role.EXECUTIVE: ("pimpinan", "ncc"),
    Role.SERVICE_ACCOUNT: ("layanan", "ncc"),
}


def _agency(code: str) -> Agency:
    """The agency of a code, or one that stands in for it when the city's list lacks it."""
    agency = Agency.objects.filter(code__iexact=code).first()
    if agency is None:
        agency = Agency.objects.create(
            code=code, name=code.upper(), government="35.73", attributes={"demo": True}
        )
    return agency


def demo_accounts_create() -> list[tuple[str, str, str]]:
    """Make the accounts that are missing; (user name, password, role) of those made now."""
    made: list[tuple[str, str, str]] = []
    with transaction.atomic():
        for role, (name, code) in _ACCOUNTS.items():
            if User.objects.filter(username=name).exists():
                continue
            password = f"{name}-{secrets.token_urlsafe(6)}"
            user = User.objects.create_user(
                name,
                password=password,
                first_name=str(Role(role).label).capitalize(),
                is_staff=True,
            )
            agency = _agency(code) if code else None
            Grant.objects.create(
                user=user, role=role, agency=agency, reason="demonstration account"
            )
            made.append((name, password, str(role)))
    return made
