"""Closures drawn, changed and lifted: in force on the next request, refused where they make no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from layers.audit.models import Change
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.models import Event
from layers.network import store
from layers.network.asking import router_ask
from layers.network.models import RoadClosure
from layers.network.router import UnitAt
from layers.network.services import closure_change, closure_draw, closure_lift
from tests.factories import make_agency, make_user
from tests.network.small import PLAIN, Town, at, crossing
from tests.network.test_store import load

pytestmark = pytest.mark.django_db
SIDE, STEP_M = 9, 150


@pytest.fixture(autouse=True)
def graph_folder(tmp_path: Path, settings: object) -> Iterator[None]:
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"  # type: ignore[attr-defined]
    store.graph_forget()
    yield
    store.graph_forget()


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(at(*xy)) for xy in points]}


def lattice() -> tuple[Town, list[tuple[int, int]]]:
    """Streets between 9 × 9 junctions 150 m apart, some one-way, and the pairs of their ends."""
    nodes = {r * SIDE + c: (c * STEP_M, r * STEP_M) for r in range(SIDE) for c in range(SIDE)}
    town = Town(nodes)
    pairs = [(n, n + 1) for n in nodes if n % SIDE < SIDE - 1]
    pairs += [(n, n + SIDE) for n in nodes if n + SIDE in nodes]
    for number, (a, b) in enumerate(pairs):
        town.way(number + 1, [a, b], oneway="forward" if number % 7 == 3 else "no")
    return town, pairs


def test_forty_random_closures_equal_recomputation_and_lifting_restores_the_answer() -> None:
    rng = np.random.default_rng(29)
    town, pairs = lattice()
    load(town.network)
    spots = rng.choice(SIDE * SIDE, 14, replace=False)
    places = [town.network.lonlat[int(n)] for n in spots]
    incidents, stands = places[:4], places[4:]
    units = [UnitAt(i, *xy, PLAIN) for i, xy in enumerate(stands)]
    store.routers(build=True)

    def answers() -> list[list[tuple[Any, float]]]:
        found = []
        for point in incidents:
            nearest, current = router_ask(
                point,
                lambda router, closed, point=point: router.nearest(
                    point, units, count=None, closed=closed
                ),
            )
            assert current
            found.append([(eta.key, eta.eta_s) for eta in nearest.etas])
        return found

    before = answers()
    shut: dict[int, frozenset[int]] = {}
    changed = 0
    for number, chosen in enumerate(rng.choice(len(pairs), 40, replace=False).tolist()):
        a, b = pairs[chosen]
        ends = np.array([town.network.lonlat[a], town.network.lonlat[b]])
        stretch = [(ends[0] + share * (ends[1] - ends[0])).tolist() for share in (0.3, 0.7)]
        row = closure_draw(
            kind="flood", reason=f"Genangan {number}",
            geometry={"type": "LineString", "coordinates": stretch},
        )  # fmt: skip
        shut[row.pk] = frozenset((a, b))
        truth = town.oracle(closed=set(shut.values())).etas(incidents, stands)
        now = answers()
        for row_of, mine in zip(truth, now, strict=True):
            want = {i: s for i, s in enumerate(row_of) if np.isfinite(s)}
            assert {key for key, _ in mine} == set(want)
            assert [s for _, s in mine] == pytest.approx(sorted(want.values()), abs=0.1)
            assert all(want[key] == pytest.approx(s, abs=0.1) for key, s in mine)
        changed += now != before
    assert changed >= 35
    for pk in rng.permutation(list(shut)).tolist():
        closure_lift(pk)
    assert answers() == before


def test_what_is_drawn_is_recorded_told_and_read_back() -> None:
    load(crossing().network)
    store.routers(build=True)
    row = closure_draw(kind="flood", reason="  Genangan   60 cm ", geometry=line((20, 1), (180, 1)))
    assert row.reason == "Genangan 60 cm"
    event = Event.objects.latest("id")
    assert (event.kind, event.layer, event.object_id) == ("closure.drawn", "closures", str(row.pk))
    closure_change(row.pk, version=1, reason="Surut", ends_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(Conflict, match="changed meanwhile") as stale:
        closure_change(row.pk, version=1, reason="Naik lagi")
    assert stale.value.details["current"]["reason"] == "Surut"
    closure_change(row.pk, version=2, open_end=True)
    assert RoadClosure.objects.get().ends_at is None
    closure_lift(row.pk, version=3)
    with pytest.raises(Conflict, match="lifted"):
        closure_lift(row.pk)
    with pytest.raises(NotFound):
        closure_lift(row.pk + 1)
    assert Change.objects.filter(table_name="layers_roadclosure", row_id=str(row.pk)).count() == 4
    kinds = Event.objects.filter(layer="closures").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["closure.drawn", "closure.changed", "closure.changed", "closure.lifted"]


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Circle", "coordinates": []}, "cannot be drawn"),
        ({"type": "Point", "coordinates": "here"}, "cannot be drawn"),
        ({"type": "Point", "coordinates": [200, 0]}, "not on Earth"),
        ({"type": "Point", "coordinates": ["x", "y"]}, "not GeoJSON"),
        ({"type": "LineString", "coordinates": [[112.6, -7.9]]}, "not GeoJSON"),
        ({"type": "LineString", "coordinates": [[112.6, -7.9]] * 501}, "more than 500"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1e-3, 1e-3], [1e-3, 0], [0, 1e-3], [0, 0]]]}, "crosses itself"),
        ({"type": "Polygon", "coordinates": [[[112, -8], [113, -8], [113, -7], [112, -7], [112, -8]]]}, "km²"),
        ({}, "cannot be drawn"),
    ],
)  # fmt: skip
def test_drawings_that_are_none_are_refused(geometry: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        closure_draw(kind="flood", reason="x", geometry=geometry)
    assert not RoadClosure.objects.exists()


def test_the_api_draws_changes_and_lifts_for_dispatchers_only(client: Client) -> None:
    load(crossing().network)
    store.routers(build=True)
    agency = make_agency("ncc")

    def send(method: str, address: str, body: dict) -> Any:
        return getattr(client, method)(
            f"/api/v1{address}", json.dumps(body), content_type="application/json"
        )

    drawing = {"kind": "accident", "reason": "Truk terguling", "geometry": line((20, 1), (180, 1))}
    client.force_login(make_user("c", ("call_taker", agency)))
    assert send("post", "/closures", drawing).status_code == 403
    client.force_login(make_user("d", ("dispatcher", agency)))
    answer = send("post", "/closures", drawing)
    assert answer.status_code == 201
    row = answer.json()
    assert row["closes"] == {"roads": 1, "street_m": pytest.approx(160, abs=1)}
    assert [r["id"] for r in client.get("/api/v1/closures").json()["closures"]] == [row["id"]]
    address = f"/closures/{row['id']}"
    changed = send("patch", address, {"version": 1, "reason": "Derek datang"})
    assert (changed.json()["reason"], changed.json()["version"]) == ("Derek datang", 2)
    stale = send("patch", address, {"version": 1, "reason": "x"})
    assert (stale.status_code, stale.json()["current"]["version"]) == (409, 2)
    assert send("post", f"{address}/lift", {"version": 2}).json()["lifted_at"]
    assert send("post", f"{address}/lift", {}).status_code == 409
    assert client.get("/api/v1/closures").json()["closures"] == []
    assert send("post", "/closures", {**drawing, "kind": "party"}).status_code == 422
    late = {**drawing, "ends_at": "2020-01-01T00:00:00Z"}
    assert send("post", "/closures", late).status_code == 422
    planned = {**drawing, "starts_at": "2090-01-01T00:00:00Z"}
    assert send("post", "/closures", planned).status_code == 201
    assert client.get("/api/v1/closures").json()["closures"] == []
    assert len(client.get("/api/v1/closures?planned=1").json()["closures"]) == 1
