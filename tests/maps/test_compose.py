"""What folium writes into the page: own addresses, nonces, configuration and nothing else."""

from __future__ import annotations

import re

import folium
import pytest

from layers.maps.compose import View, compose_map
from layers.maps.elements import MapCanvas, script_json
from tests import city

pytestmark = pytest.mark.django_db
NONCE = "n0nce-of-this-test"


def whole(view: View, user: object = None) -> str:
    parts = compose_map(view, user=user, nonce=NONCE)
    return f"{parts.header}{parts.html}{parts.script}"


@pytest.mark.parametrize("view", list(View))
def test_nothing_comes_from_elsewhere(view: View) -> None:
    text = whole(view, city.person("root", is_superuser=True))
    assert "http://" not in text
    assert "https://" not in text
    assert "cdn" not in text


def test_every_tag_that_runs_carries_the_nonce() -> None:
    text = whole(View.MAP)
    tags = re.findall(r"<(?:script|style|link)\b[^>]*>", text)
    assert tags
    assert all(f'nonce="{NONCE}"' in tag for tag in tags)
    assert "<style" not in text
    assert " style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_text_of_people_stays_out_of_the_script() -> None:
    evil = "</script><script>alert(1)</script>${x}"
    city.camera("A", name=evil, address=evil)
    city.area("35.73", evil, level="kota")
    city.station("S")
    text = whole(View.MAP)
    assert "alert(1)" not in text
    assert text.count("</script>") == text.count("<script")


def test_settings_are_escaped_in_the_script(settings) -> None:  # type: ignore[no-untyped-def]
    settings.NCC_TILE_URL = "https://tiles.example/{z}/{x}/{y}.png"
    settings.NCC_TILE_ATTRIBUTION = '</script><img src=x onerror="alert(1)">'
    text = whole(View.MAP)
    assert "<img" not in text
    assert '"outside":"https://tiles.example/{z}/{x}/{y}.png"' in text


def test_json_cannot_leave_its_script() -> None:
    assert script_json({"a": "</script>&\u2028"}) == '{"a":"\\u003c/script\\u003e\\u0026\\u2028"}'


def test_folium_is_what_puts_it_together() -> None:
    canvas = MapCanvas(view={"lat": 0, "lon": 0, "zoom": 3})
    assert isinstance(canvas, folium.Map)
    # folium's shared lists are as they were: another map on this process is not ours.
    assert folium.Map.default_js is not canvas.default_js
    assert any("http" in url for _name, url in folium.Map.default_js)


def test_a_visitor_is_not_told_of_closed_layers() -> None:
    visitor, dispatcher = whole(View.MAP), whole(View.DISPATCH, city.person("di", "dispatcher"))
    assert '"key":"units"' not in visitor
    assert "addLiveLayer" not in visitor
    assert '"key":"units"' in dispatcher


def test_a_map_opens_over_the_data() -> None:
    city.area("35.73", "Kota", level="kota", lon=-8.61, lat=41.15, size_deg=0.1)
    text = whole(View.MAP)
    assert '"lon":-8.61,"lat":41.15' in text
