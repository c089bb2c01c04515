"""Gap maps and the public: closed by default, opened and closed by those who may, every act kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from layers.access.models import Role
from layers.access.policies import ABILITIES, Can
from layers.coverage.figures.models import GapRelease
from layers.coverage.figures.release import gaps_release, gaps_withdraw
from layers.coverage.models import CoverageGap, CoverageRun
from layers.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.factories import make_agency, make_area, make_user

pytestmark = pytest.mark.django_db
#: Who may open a gap map, written down once more by hand.
MAY = {Role.PLATFORM_ADMIN, Role.EXECUTIVE}


def run_with_gap(street: str = "Jalan Gelap", **fields: Any) -> CoverageRun:
    """A finished run of cameras with one gap of 120 m."""
    fields = {"state": "done", "subject": "cameras", **fields}
    run = CoverageRun.objects.create(level="detect", edition="IEC 62676-4:2014", as_of=timezone.now(), **fields)  # fmt: skip
    CoverageGap.objects.create(
        run=run, rank=1, street=street, demand_uncovered=987_654.0, street_uncovered_m=120.4,
        point="SRID=4326;POINT(112.63 -7.98)",
        geom="SRID=4326;MULTILINESTRING((112.63 -7.98,112.631 -7.98))",
    )  # fmt: skip
    return run


def chief(name: str = "pimpinan") -> Any:
    return make_user(name, (Role.EXECUTIVE, make_agency("ncc")), first_name="Wali Kota")


def test_nothing_is_public_until_it_is_released_and_then_this_run_alone(client: Client) -> None:
    make_area()
    run, other = run_with_gap(), run_with_gap("Jalan Rahasia")
    addresses = (
        "/api/v1/coverage/released", f"/api/v1/coverage/released/{run.pk}", f"/decisions/gaps/{run.pk}/", "/decisions/",
        "/api/v1/layers/gaps/features", f"/api/v1/coverage/released/{other.pk}", f"/decisions/gaps/{other.pk}/",
    )  # fmt: skip

    def answers() -> dict[str, Any]:
        return {address: client.get(address) for address in addresses}

    for address, answer in answers().items():
        assert "Jalan Gelap" not in answer.content.decode(), address
    assert client.get(addresses[1]).status_code == client.get(addresses[2]).status_code == 404
    gaps_release(run.pk, reason="Rapat terbuka 3 Mei", user=chief())
    found = answers()
    assert client.get(addresses[0]).json()["gap_maps"][0]["run"] == run.pk
    told = found[addresses[1]].json()
    assert told["features"][0]["properties"] == {"rank": 1, "street": "Jalan Gelap", "area": "", "street_uncovered_m": 120}  # fmt: skip
    assert told["features"][0]["geometry"]["coordinates"] == [[[112.63, -7.98], [112.631, -7.98]]]
    for address in (addresses[1], addresses[2], addresses[3]):
        body = found[address].content.decode()
        assert "Rapat terbuka 3 Mei" in body, address
        assert "Wali Kota" not in body, address
        assert "987" not in body, address
    for answer in found.values():
        assert "Jalan Rahasia" not in answer.content.decode()
    assert found[addresses[5]].status_code == found[addresses[6]].status_code == 404
    assert "Jalan Gelap" not in found[addresses[4]].content.decode()
    gaps_withdraw(run.pk, reason="data lama", user=chief("wakil"))
    assert client.get(addresses[1]).status_code == 404
    assert client.get(addresses[0]).json() == {"gap_maps": []}


@pytest.mark.parametrize("role", [None, *Role.values])
def test_who_may_release(role: str | None, client: Client) -> None:
    run = run_with_gap()
    if role is not None:
        client.force_login(make_user("someone", (role, make_agency())))
    reads = role is not None and Can.SEE_COVERAGE in ABILITIES[role]
    for address in ("release", "withdraw"):
        answer = client.post(f"/api/v1/coverage/runs/{run.pk}/{address}", {"reason": "alasan"}, content_type="application/json")  # fmt: skip
        assert (answer.status_code == 200) == (role in MAY), (role, address, answer.content)
    assert GapRelease.objects.count() == (2 if role in MAY else 0)
    shown = client.get(f"/api/v1/coverage/runs/{run.pk}/release")
    assert (shown.status_code == 200) == reads, role
    if reads:
        assert shown.json()["may"] == (role in MAY)


def test_every_act_keeps_who_when_and_why_and_stays() -> None:
    run, user = run_with_gap(), chief()
    before = timezone.now()
    with pytest.raises(InvalidInput):
        gaps_release(run.pk, reason="  ", user=user)
    with pytest.raises(Conflict):
        gaps_withdraw(run.pk, reason="belum", user=user)
    made = gaps_release(run.pk, reason="rapat", user=user)
    made.refresh_from_db()
    assert (made.author, made.author_name, made.text) == (user, "Wali Kota", "rapat")
    assert made.at >= before
    with pytest.raises(Conflict):
        gaps_release(run.pk, reason="lagi", user=user)
    for change in ("UPDATE layers_gaprelease SET text = 'x'", "DELETE FROM layers_gaprelease"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:  # fmt: skip
            cursor.execute(change)


def test_only_a_finished_run_of_cameras_has_a_gap_map() -> None:
    user = chief()
    for run in (run_with_gap(state="running"), run_with_gap(subject="wifi")):
        with pytest.raises(NotFound):
            gaps_release(run.pk, reason="rapat", user=user)
    with pytest.raises(Forbidden):
        gaps_release(run_with_gap().pk, reason="rapat", user=make_user("p", (Role.PLANNER, make_agency("kominfo"))))  # fmt: skip
