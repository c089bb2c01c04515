"""The administration in a browser: strict policy, our own map under a form, hostile names, streams kept back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from layers.audit.models import Change
from tests import city

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]
EVIL = "</script><img src=x onerror=\"document.title='owned'\">${x}"


@pytest.fixture
def camera() -> Any:
    """An agency's camera with a hostile name at a crossing."""
    import_module("layers.migrations.0002_reference").load(apps, None)
    city.area("35.73", "Kota Malang", level="kota", size_deg=0.06)
    city.street("Jalan Ijen", (-6, 0.2), (6, 0.2), road_class="primary", minz=9)
    city.building_at(-0.6, -0.6, name=EVIL)
    return city.camera("CCTV-1", name=EVIL, owner=city.agency())


def test_pages_keep_the_policy_and_names_stay_text(open_page: Open, live_server: Any, camera: Any) -> None:  # fmt: skip
    page, watch = open_page(
        "/admin/", user=city.person("root", is_superuser=True), ready="#content-main"
    )
    for address, ready in {
        "/admin/layers/camera/": "#result_list",
        f"/admin/layers/camera/{camera.pk}/change/": ".leaflet-tile-loaded",
        f"/admin/layers/camera/{camera.pk}/history/": "#content-main table",
        f"/admin/layers/camera/{camera.pk}/delete/": "form",
        "/admin/layers/building/?q=script": "#result_list",
        "/admin/layers/area/add/": ".leaflet-tile-loaded",
        "/admin/layers/user/": "#result_list",
        "/admin/layers/change/?table=layers_camera": "#result_list",
    }.items():
        page.goto(live_server.url + address)
        page.wait_for_selector(ready, state="attached")
        assert page.title() != "owned"
        assert page.locator("img[src='x']").count() == 0
    watch.assert_clean()


def test_an_operator_moves_a_camera_by_a_click(open_page: Open, camera: Any) -> None:
    operator = city.person("operator", "agency_operator")
    page, watch = open_page(
        f"/admin/layers/camera/{camera.pk}/change/", user=operator, ready=".leaflet-tile-loaded"
    )
    # The base map under it is ours and was drawn.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.leaflet-tile-pane canvas')].some((canvas) => {
          if (!canvas.width) return false;
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(data.buffer)).size > 3;
        })"""
    )
    assert "secret" not in page.content()
    assert "10.1.2.3" not in page.content()
    canvas = page.locator(".geometry-map__canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    # The map opened on the camera at zoom 17: 100 px are 100 · 360 / (256 · 2^17) degrees.
    page.mouse.click(box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2)
    page.get_by_label("Nama:").fill("Simpang Ijen")
    page.locator("input[name='_save']").click()
    page.wait_for_selector(".messagelist .success")
    camera.refresh_from_db()
    assert camera.name == "Simpang Ijen"
    assert camera.geom.x == pytest.approx(city.LON + 100 * 360 / (256 * 2**17), abs=2e-5)
    assert camera.geom.y == pytest.approx(city.LAT, abs=2e-5)
    assert camera.stream_url == "rtsp://user:secret@10.1.2.3/live"
    change = Change.objects.filter(table_name="layers_camera").first()
    assert change is not None
    assert (change.actor, change.source, change.action) == ("operator", "web", "U")
    watch.assert_clean()


def test_a_pole_is_found_by_typing_and_its_name_stays_text(open_page: Open, camera: Any) -> None:
    camera.site.name = EVIL
    camera.site.save()
    page, watch = open_page(
        f"/admin/layers/camera/{camera.pk}/change/",
        user=city.person("operator", "agency_operator"),
        ready=".leaflet-container",
    )
    page.locator(".field-site .select2-selection").click()
    page.keyboard.type("script")
    option = page.locator(".select2-results__option", has_text="onerror")
    option.wait_for()
    assert option.inner_text() == EVIL
    page.keyboard.press("Enter")
    assert page.locator("img[src='x']").count() == 0
    assert page.title() != "owned"
    watch.assert_clean()
