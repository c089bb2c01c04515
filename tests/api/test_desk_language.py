"""What the desk's API says to a dispatcher is in the dispatcher's language: every refusal, every fault of a form."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone, translation
from pydantic import BaseModel, ValidationError

import layers.errors
from layers.api import desk_forms
from layers.api.validation import FAULTS, FIELDS, fault_words
from layers.dispatch.assigning.services import REFUSALS, refused
from layers.dispatch.fleet import REASONS
from layers.dispatch.models import Assignment
from layers.errors import NccError
from layers.incidents.lifecycle.table import Action
from tests.api.desk_room import LON, dispatcher, make_city, make_fleet, new_incident
from tests.pages.test_language import catalogue_of_po

ROOT = Path(__file__).resolve().parents[2]
#: The rooms that a request of the desk passes through.
ROOMS = (
    "incidents/desk", "incidents/lifecycle", "incidents/reports", "dispatch/assigning", "dispatch/board",
    "dispatch/cover", "dispatch/performance", "dispatch/reach.py", "dispatch/recommendation.py", "dispatch/run_cards.py",
    "dispatch/positions/selectors.py", "network/services.py", "network/router.py", "network/watch.py", "network/store.py",
    "network/isochrones.py", "api/app.py", "api/desk.py", "api/assignments.py", "api/dispatch.py", "api/closures.py",
    "api/triage.py", "api/streams.py", "access/policies.py", "audit/actor.py",
)  # fmt: skip
CLASSES = {
    name
    for name, kind in vars(layers.errors).items()
    if isinstance(kind, type) and issubclass(kind, NccError)
}


def refusals() -> Iterator[tuple[str, ast.expr]]:
    """Message and remedy of every named error that these rooms raise, with its place."""
    for room in ROOMS:
        path = ROOT / "layers" / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CLASSES:
                    remedies = [word.value for word in node.keywords if word.arg == "remedy"]
                    for text in [*node.args[:1], *remedies]:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", text


def spoken(text: ast.expr) -> list[str] | None:
    """The literals of a text that is translated; None for one that is not."""
    if isinstance(text, ast.IfExp):
        both = spoken(text.body), spoken(text.orelse)
        return None if None in both else [*both[0], *both[1]]  # type: ignore[misc]
    calls = [node for node in ast.walk(text) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]  # fmt: skip
    words = [arg.value for call in calls for arg in call.args if isinstance(arg, ast.Constant)]
    return [str(word) for word in words] or None


def test_every_refusal_of_the_desk_has_an_indonesian_text() -> None:
    found, _fuzzy = catalogue_of_po()
    bare, missing, seen = [], [], 0
    for place, text in refusals():
        if isinstance(text, ast.Name) or "parts" in ast.unparse(text):
            continue  # words put together above from translated ones, tested below
        words = spoken(text)
        seen += 1
        if words is None:
            bare.append(f"{place} {ast.unparse(text)}")
        else:
            missing += [word for word in words if not found.get(("", word))]
    assert seen > 200
    assert bare == []
    assert missing == []


def test_the_check_of_refusals_sees_what_it_should() -> None:
    assert spoken(ast.parse("f'no unit {x}'", mode="eval").body) is None
    assert spoken(ast.parse("'no unit'", mode="eval").body) is None
    assert spoken(ast.parse("_('no unit {x}').format(x=1)", mode="eval").body) == ["no unit {x}"]
    assert spoken(ast.parse("_('a') if b else 'c'", mode="eval").body) is None


def test_every_reason_that_a_unit_is_left_out_has_words_on_the_page() -> None:
    found, _fuzzy = catalogue_of_po()
    pages = "".join(
        (ROOT / "templates/layers/components" / f"strings_{name}.html").read_text()
        for name in ("dispatch", "console")
    )
    for code in {*REASONS, *REFUSALS}:
        text = re.search(rf'^"reason_{code}": .*?translate "([^"]+)"', pages, re.M)
        assert text is not None, code
        assert found.get(("", text[1])), code
    with translation.override("id"):
        for code in REFUSALS:
            row = {"callsign": "D-1", "reason": code, "incident": "N-1", "holder": "ani", "status_name": "rusak"}  # fmt: skip
            assert "oleh ani" in str(refused([row]))
            assert code not in str(refused([row]))
        for action in Action:
            assert str(action.label) == found["", _in_english(action)]


def _in_english(action: Action) -> str:
    with translation.override("en"):
        return str(action.label)


def forms() -> list[type[BaseModel]]:
    return [
        form
        for form in vars(desk_forms).values()
        if isinstance(form, type) and issubclass(form, desk_forms.Form) and form is not desk_forms.Form
    ]  # fmt: skip


BAD: tuple[Any, ...] = (
    None, "x", "", "x" * 5000, -1, 10**30, 1.5, 1e400, float("nan"), [], ["x"] * 99, [1], {}, {"x": -1}, True, "\x00", "1999-01-01T00:00",
)  # fmt: skip


def test_every_fault_of_a_form_of_the_desk_has_words_of_its_own() -> None:
    kinds: set[str] = set()
    for form in forms():
        for name in form.model_fields:
            for value in BAD:
                try:
                    form.model_validate({name: value, "never-heard-of": 1})
                except ValidationError as error:
                    kinds |= {fault["type"] for fault in error.errors()}
    assert len(kinds) > 12
    # value_error is the product's own and names its remedy by the field; it has the general words.
    assert kinds - set(FAULTS) <= {"value_error"}
    found, _fuzzy = catalogue_of_po()
    with translation.override("en"):
        english = [str(text) for text in [*FAULTS.values(), *FIELDS.values()]]
    assert [text for text in english if not found.get(("", text))] == []


def test_a_fault_names_its_field_and_the_limit() -> None:
    with translation.override("id"):
        fault = {"type": "less_than_equal", "loc": ("body", "body", "lat"), "ctx": {"le": 90.0}}
        assert fault_words(fault) == "lintang: paling banyak 90.0"
        assert fault_words({"type": "never", "loc": ("body", "body", "x")}) == "x: tidak dipahami"


@pytest.mark.django_db
def test_a_dispatcher_reads_the_refusal_in_the_language_of_the_page() -> None:
    desk = dispatcher()
    answers = {}
    for language in ("id", "en"):
        desk.user.language = language
        desk.user.save()
        refusal = desk.get("/incidents/999999", expect=404)["message"]
        fault = desk.post("/incidents", {"type": "x", "lat": 91}, expect=422)["message"]
        answers[language] = (refusal, fault)
    assert answers == {
        "id": (
            "tidak ada kejadian 999999; sudah dihapus, atau tidak terbuka untuk Anda",
            "lintang: paling banyak 90.0",
        ),
        "en": (
            "no incident 999999; it was removed meanwhile, or is not open to you",
            "latitude: must be at most 90.0",
        ),
    }


@pytest.mark.django_db(transaction=True)
def test_a_refusal_names_who_was_faster_and_when() -> None:
    make_city()
    one, other = dispatcher("ani"), dispatcher("budi")
    row = new_incident(one)
    before = timezone.now()
    other.patch(f"/incidents/{row['id']}", {"version": row["version"], "priority": 3})
    for body in ({"version": row["version"], "priority": 2}, {"version": row["version"], "summary": "x"}):  # fmt: skip
        stale = one.send("PATCH", f"/incidents/{row['id']}", body, expect=409)
        assert stale["changed_by"] == "budi"
        assert before <= datetime.fromisoformat(stale["changed_at"]) <= timezone.now()
        assert "budi" in stale["message"]
    call = one.post("/calls", {"channel": "112", "take": False}, expect=201)["call"]
    other.post(f"/calls/{call['id']}/take", {})
    stale = one.send("PATCH", f"/calls/{call['id']}", {"version": call["version"], "note": "x"}, expect=409)  # fmt: skip
    assert stale["changed_by"] == "budi"


@pytest.mark.django_db
def test_a_unit_that_is_kept_names_who_keeps_it_and_since_when() -> None:
    make_city()
    held, out = make_fleet("DAMKAR-1", "DAMKAR-2")
    one, other = dispatcher("ani"), dispatcher("budi")
    first, second = new_incident(one), new_incident(one, lon=LON + 0.01)
    other.post(f"/incidents/{first['id']}/dispatch", {"units": ["DAMKAR-1"]})
    other.post(f"/units/{out.pk}/status", {"status": "out_of_service", "reason": "flat tyre"})
    refusal = one.post(f"/incidents/{second['id']}/dispatch", {"units": ["DAMKAR-1", "DAMKAR-2"]}, expect=409)  # fmt: skip
    rows = {row["callsign"]: row for row in refusal["conflicts"]}
    sent_at = Assignment.objects.get(unit=held).dispatched_at
    assert sent_at is not None
    assert (rows["DAMKAR-1"]["holder"], rows["DAMKAR-1"]["since"]) == ("budi", sent_at.isoformat())
    assert rows["DAMKAR-1"]["incident"] == first["number"]
    out.refresh_from_db()
    assert (rows["DAMKAR-2"]["holder"], rows["DAMKAR-2"]["since"]) == ("budi", out.status_since.isoformat())  # fmt: skip
    assert rows["DAMKAR-2"]["text"] == "flat tyre"
