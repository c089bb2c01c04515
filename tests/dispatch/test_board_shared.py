"""Consoles of like rights share a board, and none gets one older than what it was told."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from layers.access.models import Role
from layers.dispatch.board import shared
from layers.dispatch.board.shared import MAX_AGE_S, BoardShelf
from layers.events.selectors import event_horizon
from layers.events.services import event_publish
from tests.factories import make_agency, make_incident, make_user


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the users for whom the board was read from the database."""
    found: list[str] = []
    real = shared.board

    def counted(user: Any, *, desk: str) -> dict[str, Any]:
        found.append(user.username)
        return real(user, desk=desk)

    monkeypatch.setattr(shared, "board", counted)
    return found


def numbers(text: bytes) -> list[str]:
    return [row["number"] for row in json.loads(text)["incidents"]]


@pytest.mark.django_db
def test_equal_rights_share_one_reading_and_others_do_not(readings: list[str]) -> None:
    city, other = make_agency("ncc"), make_agency("kab", government="35.07")
    make_incident("N-1", agency=city)
    shelf = BoardShelf(now_s=lambda: 0.0)
    one, two = (make_user(name, (Role.DISPATCHER, city)) for name in ("one", "two"))
    neighbour = make_user("kab", (Role.DISPATCHER, other))
    seen = event_horizon()
    assert numbers(shelf.text(one, desk="all", seen=seen)) == ["N-1"]
    assert numbers(shelf.text(two, desk="all", seen=seen)) == ["N-1"]
    assert numbers(shelf.text(neighbour, desk="all", seen=seen)) == []
    assert readings == ["one", "kab"]


@pytest.mark.django_db(transaction=True)
def test_a_console_that_heard_of_a_change_gets_it(readings: list[str]) -> None:
    city = make_agency("ncc")
    shelf = BoardShelf(now_s=lambda: 0.0)
    user = make_user("one", (Role.DISPATCHER, city))
    shelf.text(user, desk="all", seen=event_horizon())
    make_incident("N-1", agency=city)
    heard = event_publish("incident.changed", layer="incidents", object_id=1).pk
    assert numbers(shelf.text(user, desk="all", seen=heard)) == ["N-1"]
    assert len(readings) == 2


@pytest.mark.django_db
def test_an_old_snapshot_and_a_console_that_says_nothing_are_read_afresh(
    readings: list[str],
) -> None:
    clock = [0.0]
    shelf = BoardShelf(now_s=lambda: clock[0])
    user = make_user("one", (Role.DISPATCHER, make_agency("ncc")))
    seen = event_horizon()
    shelf.text(user, desk="all", seen=seen)
    clock[0] = MAX_AGE_S
    shelf.text(user, desk="all", seen=seen)
    assert len(readings) == 1
    clock[0] = MAX_AGE_S + 0.001
    shelf.text(user, desk="all", seen=seen)
    shelf.text(user, desk="all", seen=None)
    assert len(readings) == 3


@pytest.mark.django_db(transaction=True)
def test_twenty_consoles_at_once_cost_one_reading(
    readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    city = make_agency("ncc")
    make_incident("N-1", agency=city)
    shelf = BoardShelf(now_s=lambda: 0.0)
    users = [make_user(f"u{n}", (Role.DISPATCHER, city)) for n in range(20)]
    seen = event_horizon()
    answers: list[list[str]] = []
    ready = threading.Barrier(20)

    def console(user: Any) -> None:
        try:
            ready.wait(timeout=20)
            answers.append(numbers(shelf.text(user, desk="all", seen=seen)))
        finally:
            connection.close()

    threads = [threading.Thread(target=console, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert answers == [["N-1"]] * 20
    assert len(readings) == 1
