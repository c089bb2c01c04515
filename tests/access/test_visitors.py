"""Session, account and grants read at once: the same visitor as Django's own way finds, at every request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from layers.access.event_rules import event_scope
from layers.access.models import Grant, Role, User
from layers.access.policies import restrict, rights_of, sees_row_of
from layers.access.visitors import visitor_of
from layers.dispatch.fleet import fleet
from layers.dispatch.models import Unit
from layers.events.selectors import EventRow
from layers.places.home import home_government
from layers.places.models import Area
from tests.factories import make_agency, make_area, make_unit, make_user

pytestmark = pytest.mark.django_db
ASK = "/api/v1/board"


class Asked:
    """A request as far as it says who asks."""

    def __init__(self, key: str) -> None:
        self.session = SessionStore(key)
        self.META: dict[str, str] = {}


def entered(user: User) -> Client:
    """A browser that is logged in and has been seen before."""
    client = Client()
    client.force_login(user)
    assert client.get(ASK).status_code == 200
    return client


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def test_rights_are_those_that_the_grants_give_with_one_query() -> None:
    ncc, other = make_agency("ncc"), make_agency("batu", government="35.79")
    area = make_area("35.73.01", level="kecamatan")
    now = timezone.now()
    users = [make_user(f"u-{role}", (role, ncc)) for role in Role.values]
    users += [make_user("nobody"), make_user("root", is_superuser=True)]
    mixed = make_user("mixed", (Role.DISPATCHER, ncc), (Role.PLANNER, other))
    Grant.objects.create(user=mixed, role=Role.AUDITOR, area=area, reason="area")
    Grant.objects.create(user=mixed, role=Role.EXECUTIVE, agency=ncc, reason="over", expires_at=now)
    Grant.objects.create(
        user=mixed, role=Role.SUPERVISOR, agency=ncc, reason="gone", revoked_at=now
    )
    for user in [*users, mixed]:
        client = Client()
        client.force_login(user)
        visitor_of(Asked(key_of(client)))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            visitor: Any = visitor_of(Asked(key_of(client)))
            rights = rights_of(visitor)
        assert len(seen) == 1
        assert visitor == user
        assert rights == rights_of(User.objects.get(pk=user.pk))


def test_what_changes_counts_on_the_next_request() -> None:
    agency = make_agency("ncc")
    user = make_user("d", (Role.DISPATCHER, agency))
    client = entered(user)
    grant = Grant.objects.get(user=user)
    Grant.objects.update(revoked_at=timezone.now())
    assert client.get(ASK).status_code == 403
    Grant.objects.update(revoked_at=None, expires_at=timezone.now() + timedelta(days=1))
    assert client.get(ASK).status_code == 200
    Grant.objects.update(expires_at=timezone.now())
    assert client.get(ASK).status_code == 403
    Grant.objects.filter(pk=grant.pk).update(expires_at=None)
    User.objects.update(is_active=False)
    assert client.get(ASK).status_code == 401
    User.objects.update(is_active=True)
    assert client.get(ASK).status_code == 200
    Session.objects.update(expire_date=timezone.now())
    assert client.get(ASK).status_code == 401


def test_a_new_password_a_logout_and_a_deleted_account_end_the_session() -> None:
    agency = make_agency("ncc")
    user = make_user("d", (Role.DISPATCHER, agency))
    client = entered(user)
    user.set_password("another-long-password")
    user.save()
    assert client.get(ASK).status_code == 401
    client = entered(user)
    kept = key_of(client)
    client.post("/logout/")
    again = Client()
    again.cookies["sessionid"] = kept
    assert again.get(ASK).status_code == 401
    client = entered(user)
    user.delete()
    assert client.get(ASK).status_code == 401


def test_the_session_decides_whose_it_is_not_what_is_remembered() -> None:
    agency = make_agency("ncc")
    first = make_user("first", (Role.DISPATCHER, agency))
    second = make_user("second", (Role.FIELD_UNIT, agency))
    client, other = entered(first), Client()
    other.force_login(second)
    row = Session.objects.get(session_key=key_of(other))
    Session.objects.filter(session_key=key_of(client)).update(session_data=row.session_data)
    assert visitor_of(Asked(key_of(client))) == second
    assert client.get(ASK).status_code == 403
    # Signed with another key it is nobody's.
    Session.objects.filter(session_key=key_of(client)).update(session_data="x" + row.session_data)
    assert client.get(ASK).status_code == 401
    assert SESSION_KEY not in SessionStore(key_of(client))


def judged_alike() -> set[int]:
    """How many of four units (of two governments, of none, of no agency) each account sees, the same
    by the database, by `sees_row_of` and in the fleet."""
    agencies = [
        make_agency("ncc"),
        make_agency("batu", government="35.79"),
        make_agency("open", government=""),
    ]
    for place, agency in enumerate([*agencies, None]):
        make_unit(f"U-{place}", agency=agency)
    users = [make_user(f"{r}-{a.code}", (r, a)) for r in Role.values for a in agencies]
    users += [make_user("nobody"), make_user("root", is_superuser=True)]
    for place in Area.objects.all():
        user = make_user(f"area-{place.code}")
        Grant.objects.create(user=user, role=Role.DISPATCHER, area=place, reason="x")
        users.append(user)
    home = home_government()
    rows = list(Unit.objects.select_related("agency"))
    counts = set()
    for user in users:
        want = set(restrict(user, Unit.objects.all()).values_list("callsign", flat=True))
        rights = rights_of(user)
        mine = {
            u.callsign
            for u in rows
            if sees_row_of(rights, "unit", u.agency_id, u.agency.government if u.agency else home)
        }
        assert mine == want
        assert {u.callsign for u in fleet(user=user).units} == want
        counts.add(len(want))
    return counts


def test_rows_already_read_are_judged_as_the_database_judges_them() -> None:
    # No city of a government is on the map: what is nobody's is seen by all who see units.
    make_area("99", level="kota")
    assert judged_alike() == {0, 2, 3, 4}
    assert home_government() is None
    assert Unit.objects.get(callsign="U-3") in restrict(User.objects.get(username="dispatcher-batu"), Unit.objects.all())  # fmt: skip


def test_what_belongs_to_no_agency_is_the_home_governments() -> None:
    for code in ("99", "35.73", "35.79"):
        make_area(code, level="kota")
    assert judged_alike() == {0, 1, 2, 3, 4}
    assert home_government() == "35.73"
    seen = {
        code: set(restrict(User.objects.get(username=f"dispatcher-{code}"), Unit.objects.all()).values_list("callsign", flat=True))
        for code in ("ncc", "batu", "open")
    }  # fmt: skip
    # U-3 is nobody's: the city's dispatcher has it, the neighbour's has not.
    assert seen == {"ncc": {"U-0", "U-2", "U-3"}, "batu": {"U-1", "U-2"}, "open": {"U-2", "U-3"}}
    scopes = {code: event_scope(User.objects.get(username=f"dispatcher-{code}")) for code in seen}
    event = EventRow(1, timezone.now(), "unit.changed", "units", "1", None, None, "ops", {})
    assert {code: scope.allows(event) for code, scope in scopes.items()} == {"ncc": True, "batu": False, "open": True}  # fmt: skip
    assert scopes["batu"].allows(replace(event, layer="roads"))


@pytest.mark.parametrize("path", ["/dispatch/", "/api/v1/board", "/tiles/basemap/12/3329/2139.mvt", "/events/", "/"])  # fmt: skip
def test_a_lost_database_is_said_and_never_a_fault(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    client = Client()
    client.force_login(make_user("d", (Role.DISPATCHER, make_agency("ncc"))))

    def lost(_request: Any) -> Any:
        raise OperationalError("couldn't get a connection after 5.00 sec")

    monkeypatch.setattr("layers.pages.middleware.visitor_of", lost)
    answer = client.get(path)
    assert answer.status_code == 503, path
    assert answer["Retry-After"] == "5"
    if answer["Content-Type"].startswith("application/json"):
        assert answer.json()["error"] == "unavailable"
    else:
        assert "Basis data tidak menjawab" in answer.content.decode()
    assert client.get("/healthz").status_code == 200
