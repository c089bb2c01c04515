"""Numbers, keys, calls and forms under many hands at once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from layers.access.models import Role, User
from layers.errors import Conflict, InvalidInput
from layers.incidents.desk.calls import call_create, call_incident_create, call_take
from layers.incidents.desk.creating import incident_edit, incident_report
from layers.incidents.desk.numbers import incident_number_draw
from layers.incidents.desk.receipts import once
from layers.incidents.models import Call, Incident
from layers.incidents.records import Receipt
from tests.api.desk_room import LAT, LON, account, make_types
from tests.factories import make_agency, make_incident
from tests.threads import at_once, load_reference

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("english")]


@pytest.fixture(autouse=True)
def _city(transactional_db: None) -> None:
    load_reference()
    make_types()


def someone(name: str = "disp") -> User:
    return account(name, (Role.DISPATCHER, make_agency("ncc")))


def report(user: Any, **fields: Any) -> Incident:
    return incident_report(user=user, type_code="medical", lon=LON, lat=LAT, **fields)


def running_numbers() -> list[int]:
    return sorted(int(number.rsplit("-", 1)[1]) for number in Incident.objects.values_list("number", flat=True))  # fmt: skip


def test_twenty_parallel_creates_get_consecutive_numbers() -> None:
    user = someone()
    results = at_once([partial(report, user)] * 20)
    assert all(isinstance(result, Incident) for result in results), results
    assert running_numbers() == list(range(1, 21))
    again = at_once([partial(report, user)] * 5)
    assert all(isinstance(result, Incident) for result in again)
    assert running_numbers() == list(range(1, 26))


def test_a_rolled_back_create_leaves_no_gap_even_beside_others() -> None:
    user = someone()

    def fail() -> None:
        with transaction.atomic():
            report(user)
            raise InvalidInput("changed my mind")

    results = at_once([fail if n % 3 == 0 else partial(report, user) for n in range(12)])
    assert sum(isinstance(result, Incident) for result in results) == 8
    assert running_numbers() == list(range(1, 9))


def test_a_series_begins_after_what_an_import_brought_and_steps_over_later_ones() -> None:
    user = someone()
    year = f"{timezone.localtime():%Y}"
    make_incident(f"INC-{year}-00041")
    make_incident(f"INC-{year}-LAMA")
    assert report(user).number == f"INC-{year}-00042"
    make_incident(f"INC-{year}-00043")
    assert report(user).number == f"INC-{year}-00044"


def test_the_year_of_a_number_is_that_of_the_control_room() -> None:
    with transaction.atomic():
        assert incident_number_draw(datetime(2026, 12, 31, 17, 30, tzinfo=UTC)).startswith(
            "INC-2027-"
        )
        assert incident_number_draw(datetime(2026, 12, 31, 16, 30, tzinfo=UTC)).startswith(
            "INC-2026-"
        )


def test_two_call_takers_one_call_one_wins() -> None:
    users = [someone(f"taker-{n}") for n in range(6)]
    call = call_create(user=users[0], channel="112", take=False)
    results = at_once([partial(call_take, call.pk, user=user) for user in users])
    won = [n for n, result in enumerate(results) if isinstance(result, Call)]
    assert len(won) == 1
    for n, result in enumerate(results):
        if n not in won:
            assert isinstance(result, Conflict)
            assert result.details["holder"] == users[won[0]].username
    assert Call.objects.get().taken_by_id == users[won[0]].pk


def test_one_call_becomes_one_incident_however_many_try() -> None:
    users = [someone(f"taker-{n}") for n in range(5)]
    call = call_create(user=users[0], channel="112", lon=LON, lat=LAT)
    results = at_once([partial(call_incident_create, call.pk, user=user, type_code="medical") for user in users])  # fmt: skip
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 4 + ["Incident"]
    number = Incident.objects.get().number
    assert all(number in str(result) for result in results if isinstance(result, Conflict))
    assert running_numbers() == [1]


def test_a_retried_request_with_one_key_makes_one_incident_also_at_once() -> None:
    user = someone()

    def post() -> dict[str, Any]:
        client = Client()
        client.force_login(user)
        answer = client.post(
            "/api/v1/incidents",
            {"type": "medical", "lon": LON, "lat": LAT},
            content_type="application/json",
            headers={"Idempotency-Key": "form-1"},
        )
        return {"status": answer.status_code, "number": answer.json().get("number")}

    results = at_once([post] * 8)
    assert results == [results[0]] * 8
    assert results[0]["status"] == 201
    assert Incident.objects.count() == 1
    assert post() == results[0]
    assert Receipt.objects.count() == 1


def test_a_key_of_a_failed_request_is_free_again_and_belongs_to_one_user_and_body() -> None:
    user, other = someone(), someone("other")

    def fail() -> dict[str, Any]:
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        once("k", user=user, action="a", body=1, work=fail)
    assert not Receipt.objects.exists()
    assert once("k", user=user, action="a", body=1, work=lambda: {"n": 1}) == ({"n": 1}, True)
    assert once("k", user=user, action="a", body=1, work=lambda: {"n": 2}) == ({"n": 1}, False)
    assert once("k", user=other, action="a", body=1, work=lambda: {"n": 3}) == ({"n": 3}, True)
    with pytest.raises(InvalidInput, match="another request"):
        once("k", user=user, action="a", body=2, work=lambda: {"n": 4})
    assert once(None, user=user, action="a", body=2, work=lambda: {"n": 5}) == ({"n": 5}, True)


def test_two_editors_with_one_version_lose_nothing() -> None:
    users = [someone(f"editor-{n}") for n in range(6)]
    row = report(users[0])
    results = at_once(
        [
            partial(incident_edit, row.pk, user=user, version=row.version, changes={"summary": user.username})
            for user in users
        ]
    )  # fmt: skip
    won = [result for result in results if isinstance(result, Incident)]
    assert len(won) == 1
    fresh = Incident.objects.get()
    assert fresh.summary == won[0].summary
    assert fresh.version == row.version + 1
    for result in results:
        if isinstance(result, Conflict):
            assert result.details["stale"] is True
            assert result.details["current_version"] == fresh.version
