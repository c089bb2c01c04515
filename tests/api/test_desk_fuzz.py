"""Random input over every operation of the desk, as each role that gets in: refused or done, never an error of ours."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from layers.access.models import Role
from layers.api.app import api
from layers.dispatch.assigning.statuses import unit_link
from layers.dispatch.models import Unit
from tests.api.desk_room import Desk, account, make_city, make_fleet, new_incident
from tests.factories import make_agency

pytestmark = pytest.mark.django_db
NASTY: list[Any] = [
    None, True, 0, -1, 1, 2, 3, 2**31, 2**63, 2**64, -(2**70), 1e308, 1e-320, float("nan"), float("inf"), "", " ", "x",
    "0", "\x00", "a\x00b", "\ud800", "\U0001f692", "x" * 10_000, "%s%n", "'; DROP TABLE layers_incident; --", "<script>",
    "2026-11-25T10:00:00Z", "2026-11-25T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "2026-13-45",
    [], [[]], {}, {"a": {"b": []}}, ["DAMKAR-1"], ["DAMKAR-1"] * 60, ["\x00"], "112", "normal", "ghost", "medical",
    "close", "hold", "handled", "en_route", "clear", "cancel", "available", "out_of_service", "INC-2026-00001",
    112.63, -7.98, 181, -91, "Infinity",
]  # fmt: skip


def operations() -> list[tuple[str, str, list[str]]]:
    """Method, path and names of the body's fields, from the schema the API publishes of itself."""
    schema = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    found = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if not {"desk", "assignments"} & set(operation.get("tags", [])):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            form = schema["components"]["schemas"].get(reference.rsplit("/", 1)[-1], {})
            found.append((method.upper(), path, list(form.get("properties", {}))))
    return found


def address(path: str, ids: dict[str, int], chance: random.Random) -> str:
    for name, known in ids.items():
        value = (
            known
            if chance.random() < 0.7
            else chance.choice([0, -1, 99, 2**62, 2**63, 2**80, "x", "%00", "1.5"])
        )
        path = path.replace("{" + name + "}", str(value))
    return path


def body(fields: list[str], chance: random.Random) -> Any:
    if chance.random() < 0.05:
        return chance.choice(NASTY)
    made = {name: chance.choice(NASTY) for name in fields if chance.random() < 0.7}
    if "version" in made and chance.random() < 0.7:
        made["version"] = chance.randrange(1, 9)
    if "step" in made and chance.random() < 0.5:
        made["step"] = chance.choice(["en_route", "on_scene", "clear", "cancel"])
    if chance.random() < 0.1:
        made["unknown"] = chance.choice(NASTY)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_random_input_is_refused_or_done_never_an_error(seed: int) -> None:
    chance = random.Random(seed)
    make_city()
    units = make_fleet("DAMKAR-1", "DAMKAR-2")
    ncc = make_agency("ncc")
    desk = Desk(account("disp", (Role.DISPATCHER, ncc)))
    crew = Desk(account("regu", (Role.FIELD_UNIT, make_agency("damkar"))))
    unit_link(crew.user.pk, Unit.objects.get(callsign="DAMKAR-1"))
    people = [desk, desk, desk, crew, Desk(account("taker", (Role.CALL_TAKER, ncc))), Desk(account("aud", (Role.AUDITOR, ncc)))]  # fmt: skip
    incident = new_incident(desk)["id"]
    call = desk.post("/calls", {"channel": "112"}, expect=201)["call"]["id"]
    sent = desk.post(f"/incidents/{incident}/dispatch", {"units": ["DAMKAR-1"]})
    ids = {
        "incident_id": incident, "call_id": call, "assignment_id": sent["assigned"][0]["assignment"],
        "unit_id": units[0].pk, "attachment_id": 1,
    }  # fmt: skip
    known = operations()
    assert len(known) >= 23
    seen: set[int] = set()
    for _ in range(150):
        method, path, fields = chance.choice(known)
        where = address(path, ids, chance)
        if method == "GET" and chance.random() < 0.5:
            where += f"?desk={chance.choice(['fire', 'x', '%00', '%ff', ''])}&seen={chance.choice(['1', '-1', 'x', str(2**70)])}"  # fmt: skip
        text = json.dumps(body(fields, chance)) if chance.random() < 0.95 else '{"a": [1,'
        headers = {"Idempotency-Key": chance.choice(["k1", "", "x" * 300, "\u00e9", "a b"])} if chance.random() < 0.3 else {}  # fmt: skip
        answer = chance.choice(people).client.generic(method, where, text, content_type="application/json", headers=headers)  # fmt: skip
        assert answer.status_code < 500, (method, where, text[:300], headers, answer.content[:400])
        seen.add(answer.status_code)
    assert {200, 403, 404, 422} <= seen
