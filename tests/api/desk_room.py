"""A desk to test: agencies, people of each role, a few units, and a client that speaks JSON."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from layers.access.models import Grant, Role, User
from layers.dispatch.models import Unit
from layers.incidents.models import IncidentType
from layers.places.models import Agency
from tests.factories import make_agency, make_area, make_unit

LON, LAT = 112.63, -7.98


class Desk:
    """Speaks to the API as one account."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str, *, expect: int = 200) -> Any:
        """GET, with the answer decoded."""
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == expect, (path, answer.status_code, answer.content[:500])
        return answer.json()

    def send(self, method: str, path: str, body: Any, *, expect: int = 200, key: str = "") -> Any:
        """A writing request, with the answer decoded."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.client.generic(
            method, f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers
        )  # fmt: skip
        assert answer.status_code == expect, (path, answer.status_code, answer.content[:800])
        return answer.json()

    def post(self, path: str, body: Any, *, expect: int = 200, key: str = "") -> Any:
        """POST."""
        return self.send("POST", path, body, expect=expect, key=key)

    def patch(self, path: str, body: Any, *, expect: int = 200) -> Any:
        """PATCH."""
        return self.send("PATCH", path, body, expect=expect)


def make_types() -> dict[str, IncidentType]:
    """A few types of incidents by code."""
    rows = [
        ("building_fire", "fire", 1),
        ("traffic_accident", "traffic", 2),
        ("medical", "medical", 1),
    ]
    return {
        code: IncidentType.objects.get_or_create(
            code=code, defaults={"name": code, "group": group, "default_priority": priority}
        )[0]
        for code, group, priority in rows
    }


def account(name: str, *grants: tuple[str, Agency | None]) -> User:
    """An account that never types its password: making one costs a quarter of a second."""
    user = User.objects.create(username=name, password="!")
    for role, agency in grants:
        Grant.objects.create(user=user, role=role, agency=agency, reason="test")
    return user


def dispatcher(name: str = "disp", *, agency: str = "ncc") -> Desk:
    """A dispatcher's desk."""
    return Desk(account(name, (Role.DISPATCHER, make_agency(agency))))


def call_taker(name: str = "taker", *, agency: str = "ncc") -> Desk:
    """A call-taker's desk."""
    return Desk(account(name, (Role.CALL_TAKER, make_agency(agency))))


def make_fleet(*callsigns: str, **fields: Any) -> list[Unit]:
    """Fire units of Damkar."""
    agency = make_agency("damkar")
    return [make_unit(sign, agency=agency, **fields) for sign in callsigns]


def make_city() -> None:
    """Types and a city around them."""
    make_types()
    make_area()


def new_incident(desk: Desk, **fields: Any) -> dict[str, Any]:
    """An incident without a call, at the centre."""
    body = {"type": "building_fire", "lon": LON, "lat": LAT, **fields}
    row: dict[str, Any] = desk.post("/incidents", body, expect=201)
    return row
