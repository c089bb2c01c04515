"""The small city that dispatch is tested on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layers.network import store, watch
from tests.dispatch.streets import LAT, LON, road


@pytest.fixture(autouse=True)
def fresh_engine() -> Iterator[None]:
    """No graph and no hang of another test."""
    store.graph_forget()
    watch.engine_watch.__init__()  # type: ignore[misc]
    yield
    store.graph_forget()


@pytest.fixture
def cross(db: None, tmp_path: object, settings: object) -> None:
    """A one-way main street to the east, and a two-way street beside it that goes round."""
    settings.NCC_GRAPH_DIR = tmp_path  # type: ignore[attr-defined]
    road("Satu Arah", (LON, LAT), (LON + 0.002, LAT), (LON + 0.004, LAT), oneway="forward")
    road("Barat", (LON, LAT), (LON, LAT - 0.003))
    road("Selatan", (LON, LAT - 0.003), (LON + 0.004, LAT - 0.003))
    road("Timur", (LON + 0.004, LAT - 0.003), (LON + 0.004, LAT))


@pytest.fixture(autouse=True)
def _english(english: None) -> None:
    """The words that these tests look for are the source's."""
