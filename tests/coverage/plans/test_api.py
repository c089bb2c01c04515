"""Every address of planning as every role: who gets through, and that what is closed says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from layers.coverage.plans.models import Plan, PlanStep, SiteRequest
from tests.coverage.plans.conftest import People, stored_turn
from tests.coverage.plans.test_lifecycle import go
from tests.coverage.plans.test_requests import ask
from tests.factories import make_camera

WHO = ("planner", "police", "executive", "agency", "cctv", "dispatcher", "neighbour", "nobody")
#: Address → who reads it while the plan is a draft, and once it was sent.
READS = {
    "plans/{plan}": ({"planner"}, {"planner", "police", "executive"}),
    "plans/{plan}/views": ({"planner"}, {"planner", "police", "executive"}),
    "plans/{plan}/document/geojson": ({"planner"}, {"planner", "police", "executive"}),
    "compare?first={plan}&second={plan}": ({"planner"}, {"planner", "police", "executive"}),
    "requests/{request}": ({"planner", "executive", "agency"}, {"planner", "executive", "agency"}),
}
#: Address → who changes something with it, on a plan that was sent.
WRITES = {
    "plans/{plan}/state": {"planner"},
    "plans/{plan}/name": {"planner"},
    "plans/{plan}/comments": {"planner", "police"},
    "plans/{plan}/sites/{site}/endorse": {"police"},
    "plans/{plan}/sites/{site}/refuse": {"police"},
    "plans/{plan}/sites/{site}/reopen": {"police"},
    "plans/{plan}/turns/{turn}/refuse": {"police"},
    "plans/{plan}/turns/{turn}/take-out": set(),
    "plans/{plan}/turned": set(),
    "plans/{plan}/endorse-rest": {"police"},
    "plans/{plan}/release": set(),
    "plans/{plan}/build": set(),
    "plans/{plan}/confirm": set(),
    "plans/{plan}/sites/{site}/take-out": set(),
    "requests/{request}/decline": {"planner"},
    "requests/{request}/withdraw": {"agency"},
}  # fmt: skip
BODY = {"to": "draft", "reason": "alasan", "text": "kata", "name": "Nama", "sites": None}


def addressed(path: str, plan: Plan, request: SiteRequest) -> str:
    """The address with its numbers."""
    site = plan.sites.order_by("order").first()
    assert site is not None
    turn = plan.turns.order_by("order").first()
    return "/api/v1/planning/" + path.format(
        plan=plan.pk, site=site.pk, request=request.pk, turn=turn.pk if turn else 0
    )


def test_reading(draft: Plan, people: People, client: Any) -> None:
    request = ask(people.agency)
    for moment in (0, 1):
        for path, allowed in READS.items():
            for who in WHO:
                client.force_login(getattr(people, who))
                status = client.get(addressed(path, draft, request)).status_code
                assert (status == 200) == (who in allowed[moment]), (path, who, moment, status)
                assert status in {200, 403, 404}, (path, who, status)
        client.logout()
        for path in READS:
            assert client.get(addressed(path, draft, request)).status_code == 401, path
        if not moment:
            go(draft, Plan.State.SENT, people.planner)


@pytest.mark.parametrize("path", WRITES)
def test_writing(draft: Plan, people: People, client: Any, path: str) -> None:
    request = ask(people.agency)
    stored_turn(draft, make_camera("KAM-7"))
    go(draft, Plan.State.SENT, people.planner)
    steps = PlanStep.objects.count()
    order = sorted(WHO, key=lambda who: who in WRITES[path])
    for who in order:
        client.force_login(getattr(people, who))
        draft.refresh_from_db()
        version = request.version if path.startswith("requests") else draft.version
        if "/sites/" in path:
            version = draft.sites.order_by("order")[0].version
        if "/turns/" in path:
            version = draft.turns.get().version
        answer = client.post(addressed(path, draft, request), {**BODY, "version": version}, content_type="application/json")  # fmt: skip
        if who in WRITES[path]:
            assert answer.status_code == 200, (path, who, answer.content)
        else:
            assert answer.status_code in {403, 404, 409}, (path, who, answer.content)
            assert PlanStep.objects.count() == steps, (path, who)
    if WRITES[path] and not path.endswith("reopen"):
        assert PlanStep.objects.count() > steps


def test_lists_and_layers_leak_no_draft(draft: Plan, people: People, client: Any) -> None:
    for who in WHO[1:]:
        client.force_login(getattr(people, who))
        for address in (
            "/api/v1/planning/plans", "/api/v1/layers/plans/features", "/api/v1/search?q=Rencana",
            f"/api/v1/features/plans/{draft.sites.first().pk}",  # type: ignore[union-attr]
        ):  # fmt: skip
            body = client.get(address).content.decode()
            assert "Rencana" not in body, (who, address)
            assert "Jalan Panjang" not in body or "search" in address, (who, address)


def test_wrong_bodies_are_refused_without_a_trace(draft: Plan, people: People, client: Any) -> None:
    client.force_login(people.planner)
    site = draft.sites.first()
    assert site is not None
    for path, body in (
        ("state", {"to": "sent"}), ("state", {"to": "nowhere", "version": draft.version, "reason": "x"}),
        (f"sites/{site.pk}/move", {"version": 1, "lon": 999, "lat": 0}),
        (f"sites/{10**18}/take-out", {"version": 1, "reason": "x"}),
        ("comments", {"text": "\x00 "}), ("comments", {"text": "x" * 2001}),
    ):  # fmt: skip
        answer = client.post(f"/api/v1/planning/plans/{draft.pk}/{path}", body, content_type="application/json")  # fmt: skip
        assert answer.status_code in {404, 409, 422}, (path, answer.content)
    assert list(PlanStep.objects.filter(plan=draft).values_list("kind", flat=True)) == ["created"]
