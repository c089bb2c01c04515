"""A closure edited in the administration: its version counts, and the next request drives by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from layers.errors import Conflict
from layers.events.models import Event
from layers.network import store
from layers.network.asking import router_ask
from layers.network.models import RoadClosure
from layers.network.router import UnitAt
from layers.network.services import closure_draw, closure_lift
from tests.factories import make_user
from tests.network.small import PLAIN, at, crossing
from tests.network.test_closure_services import line
from tests.network.test_store import load

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def graph_folder(tmp_path: Path, settings: object) -> Iterator[None]:
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"  # type: ignore[attr-defined]
    store.graph_forget()
    yield
    store.graph_forget()


def eta_s() -> float:
    """Seconds from 10 m to 190 m east of the crossing: 180 m along the arm, 620 m round the block."""
    unit = UnitAt("U", *at(10, 0), PLAIN)
    found, _current = router_ask(
        at(190, 0), lambda router, closed: router.nearest(at(190, 0), [unit], count=1, closed=closed)
    )  # fmt: skip
    return found.etas[0].eta_s


#: At 10 m/s, by the lengths above.
OPEN_S, ROUND_S = pytest.approx(18.0, abs=0.2), pytest.approx(62.0, abs=0.5)


def form_of(client: Client, closure: RoadClosure, **changes: Any) -> dict[str, Any]:
    """What a browser sends back from the page it was shown."""
    page = client.get(f"/admin/layers/roadclosure/{closure.pk}/change/")
    form = page.context["adminform"].form
    now = timezone.localtime(closure.starts_at)
    data = {
        "kind": closure.kind, "reason": closure.reason, "seen": form["seen"].value(),
        "starts_at_0": f"{now:%Y-%m-%d}", "starts_at_1": f"{now:%H:%M:%S}", "geom": closure.geom.geojson,
    }  # fmt: skip
    return {**data, **changes}


def test_an_edit_counts_the_version_and_is_in_force_at_once(client: Client) -> None:
    load(crossing().network)
    store.routers(build=True)
    client.force_login(make_user("bos", is_superuser=True, is_staff=True))
    # Beside the road: it shuts nothing.
    row = closure_draw(kind="works", reason="Galian", geometry=line((80, 300), (120, 300)))
    assert eta_s() == OPEN_S
    shut = RoadClosure(geom=row.geom)
    shut.geom = closure_draw(kind="works", reason="x", geometry=line((80, 0), (120, 0))).geom
    RoadClosure.objects.exclude(pk=row.pk).delete()
    assert eta_s() == OPEN_S
    old_page = form_of(client, row)
    answer = client.post(
        f"/admin/layers/roadclosure/{row.pk}/change/", form_of(client, row, geom=shut.geom.geojson)
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.version == 2
    event = Event.objects.latest("id")
    assert (event.kind, event.payload["version"]) == ("closure.changed", 2)
    assert eta_s() == ROUND_S
    # The console that drew it is told, not overruled, and so is a page that is older than the row.
    with pytest.raises(Conflict) as stale:
        closure_lift(row.pk, version=1)
    assert stale.value.details["changed_by"] == "bos"
    answer = client.post(f"/admin/layers/roadclosure/{row.pk}/change/", old_page)
    assert "bos" in str(answer.context["adminform"].form.errors)
    closure_lift(row.pk, version=2)
    assert eta_s() == OPEN_S


def test_a_new_one_and_a_deleted_one_are_told(client: Client) -> None:
    load(crossing().network)
    store.routers(build=True)
    client.force_login(make_user("bos", is_superuser=True, is_staff=True))
    now = timezone.localtime()
    data = {
        "kind": "flood", "reason": "Banjir", "starts_at_0": f"{now:%Y-%m-%d}", "starts_at_1": "00:00:00",
        "geom": '{"type":"LineString","coordinates":%s}' % [list(at(80, 0)), list(at(120, 0))],
    }  # fmt: skip
    assert client.post("/admin/layers/roadclosure/add/", data).status_code == 302
    row = RoadClosure.objects.get()
    assert row.version == 1
    assert eta_s() == ROUND_S
    client.post(f"/admin/layers/roadclosure/{row.pk}/delete/", {"post": "yes"})
    assert not RoadClosure.objects.exists()
    assert eta_s() == OPEN_S
    kinds = Event.objects.filter(layer="closures").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["closure.drawn", "closure.lifted"]
