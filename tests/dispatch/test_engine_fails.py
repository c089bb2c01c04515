"""Damaged, missing and hanging engines: straight-line answers, labelled, and by road again after."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from numba import njit

from layers.dispatch.recommendation import units_nearest
from layers.dispatch.run_cards import recommendation_for
from layers.incidents.models import IncidentType
from layers.network import store, watch
from layers.network.router import Router
from layers.network.upkeep import routing_graph_check
from tests.dispatch.streets import LAT, LON
from tests.factories import make_agency, make_unit, make_user
from tests.threads import until

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(cross: None, tmp_path: Path) -> Path:
    """The folder of the graph, built and known to answer by road."""
    make_unit("A", lat=LAT - 0.002)
    make_unit("B", lat=LAT - 0.001)
    assert units_nearest(LON, LAT, build=True)["by_road"]
    assert units_nearest(LON, LAT)["by_road"]
    return next(tmp_path.glob("*/graph.json")).parent


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "description", "folder"])
def test_damaged_files_give_straight_lines_and_a_new_build_brings_the_roads_back(
    built: Path, harm: str
) -> None:
    before = units_nearest(LON, LAT)["units"]
    store.graph_forget()
    file = built / "0" / "graph_next_state.npy"
    if harm == "flip":
        data = bytearray(file.read_bytes())
        data[-1] ^= 0x7F
        file.write_bytes(bytes(data))
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    elif harm == "gone":
        file.unlink()
    elif harm == "description":
        (built / "graph.json").write_text("{")
    else:
        built.rename(built.with_name("elsewhere"))
    answer = units_nearest(LON, LAT)
    assert answer["by_road"] is False
    assert answer["warning"].startswith("straight distance, not by road")
    assert [row["callsign"] for row in answer["units"]] == ["B", "A"]
    assert all(row["eta_s"] is None for row in answer["units"])
    # The worker sees that the graph is gone and asks for a build; here it is run at once.
    assert not store.graph_current()
    routing_graph_check()
    store.graph_build()
    again = units_nearest(LON, LAT)
    assert again["by_road"] is True
    assert again["units"] == before


def test_a_hanging_engine_is_answered_for_within_a_second_and_recovers(
    built: Path, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.NCC_ROUTER_LIMIT_MS = 100  # type: ignore[attr-defined]
    gate = threading.Event()
    real = Router.nearest

    def hang(*args: object, **more: object) -> object:
        gate.wait(30)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Router, "nearest", hang)
    client = Client()
    client.force_login(make_user("d", ("dispatcher", make_agency("ncc"))))
    IncidentType.objects.get_or_create(code="fire", defaults={"name": "Kebakaran", "group": "fire"})
    ask = {"lon": LON, "lat": LAT}
    for address, more in (("units/nearest", {}), ("recommendation", {"type": "fire"})):
        answer = client.get(f"/api/v1/{address}", {**ask, **more}).json()
        assert answer["seconds"] < 1.0
        assert answer["by_road"] is False
        assert "jarak lurus" in answer["warning"]  # the account's language
    monkeypatch.setattr(Router, "nearest", real)
    gate.set()
    until(lambda: not watch.engine_watch.stuck)
    assert client.get("/api/v1/units/nearest", ask).json()["by_road"] is True


def test_a_breaking_engine_is_answered_for_and_tried_again_on_fresh_files(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE_S", 0.0)
    real = Router.nearest

    def broken(*_: object, **__: object) -> None:
        raise IndexError("out of bounds")

    held = store.routers()
    monkeypatch.setattr(Router, "nearest", broken)
    assert "IndexError" in units_nearest(LON, LAT)["warning"]
    monkeypatch.setattr(Router, "nearest", real)
    assert units_nearest(LON, LAT)["by_road"] is True
    assert store.routers() is not held


def test_a_card_is_filled_by_straight_distance_and_says_so(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = IncidentType.objects.create(code="api-kecil", name="Api kecil", group="fire")
    store.graph_forget()
    monkeypatch.setattr(store, "_newest", lambda: None)
    built.rename(built.with_name("elsewhere"))
    answer = recommendation_for(type_code=kind.code, lon=LON, lat=LAT)
    assert answer["by_road"] is False
    assert "straight distance" in answer["warning"]
    assert [unit["why"] for unit in answer["lines"][0]["units"]] == ["nearest_straight"]
    assert answer["lines"][0]["units"][0]["callsign"] == "B"


def ask_fails(client: Client) -> None:
    answer = client.get("/api/v1/units/nearest", {"lon": LON, "lat": LAT}).json()
    assert answer["seconds"] < 1.0
    assert answer["by_road"] is False
    assert "straight distance" in answer["warning"]
    assert [row["callsign"] for row in answer["units"]] == ["B", "A"]


@pytest.fixture
def dispatcher() -> Client:
    client = Client()
    client.force_login(make_user("d", ("dispatcher", make_agency("ncc")), language="en"))
    return client


@pytest.mark.parametrize(
    "error", [MemoryError("no room"), RuntimeError("compiler"), EOFError("cut")]
)
def test_a_load_that_raises_is_answered_for_and_tried_again(
    built: Path, dispatcher: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(watch, "PAUSE_S", 0.05)
    real = store._load

    def broken(folder: Path) -> object:
        raise error

    store.graph_forget()
    monkeypatch.setattr(store, "_load", broken)
    ask_fails(dispatcher)
    assert (built / "graph.json").is_file()  # a fault of this process is none of the files
    monkeypatch.setattr(store, "_load", real)
    until(lambda: watch.engine_watch.working)
    assert units_nearest(LON, LAT)["by_road"] is True


def test_a_load_that_hangs_holds_nobody_up_and_its_end_brings_the_roads_back(
    built: Path, dispatcher: Client, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.NCC_ROUTER_LIMIT_MS = 100  # type: ignore[attr-defined]
    gate = threading.Event()
    real = store._load

    def hang(folder: Path) -> object:
        gate.wait(30)
        return real(folder)

    store.graph_forget()
    monkeypatch.setattr(store, "_load", hang)
    for _ in range(3):
        ask_fails(dispatcher)
    gate.set()
    until(lambda: not watch.engine_watch.stuck)
    assert units_nearest(LON, LAT)["by_road"] is True


def test_a_kernel_that_never_ends_holds_nobody_up(
    built: Path, dispatcher: Client, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.NCC_ROUTER_LIMIT_MS = 100  # type: ignore[attr-defined]
    flag = np.ones(3, dtype=np.int64)
    spin(np.zeros(3, dtype=np.int64))  # compiled before it is timed
    real = Router.nearest

    def hang(*args: object, **more: object) -> object:
        spin(flag)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Router, "nearest", hang)
    try:
        for _ in range(3):
            ask_fails(dispatcher)
    finally:
        flag[:] = 0
    until(lambda: not watch.engine_watch.stuck)
    monkeypatch.setattr(Router, "nearest", real)
    assert units_nearest(LON, LAT)["by_road"] is True


@njit(nogil=True)
def spin(flag: np.ndarray) -> int:
    """Compiled code that runs until the flag falls, as a kernel in a loop without end would."""
    turns = 0
    while flag[turns % len(flag)] != 0:
        turns += 1
    return turns
