"""Unit positions out of another dispatch system's AVL list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from layers.dispatch.models import Unit, UnitPosition
from layers.errors import HostileInput, InvalidInput
from layers.importers.files.opening import table_from_file
from layers.importers.services import layer_import

pytestmark = pytest.mark.django_db
_ITEM = "<item><title>{}</title><X>{}</X><Y>{}</Y><status>{}</status></item>"


def feed(path: Path, *items: tuple[str, float, float, str], head: str = "") -> Path:
    body = "".join(_ITEM.format(*item) for item in items)
    time = "<pubDate>Mon, 3 Aug 2015 16:25:00 -0400</pubDate>"
    path.write_text(f'\ufeff<?xml version="1.0"?>{head}<rss><channel>{time}{body}</channel></rss>', encoding="utf-8")  # fmt: skip
    return path


def test_items_become_units_with_the_lists_own_time(tmp_path: Path) -> None:
    path = feed(tmp_path / "avl.xml", ("E11", 112.63, -7.98, "ONS"), ("T3", 112.64, -7.97, ""))
    answer = layer_import("units", str(path), defaults={"kind": "fire"})
    assert (answer["created"], answer["rejected"]) == (2, [])
    assert Unit.objects.get(callsign="E11").status.code == "on_scene"
    assert Unit.objects.get(callsign="T3").status.code == "available"
    position = UnitPosition.objects.get(unit__callsign="E11")
    assert position.fix_at == datetime(2015, 8, 3, 20, 25, tzinfo=UTC)
    assert (position.geom.x, position.geom.y) == (112.63, -7.98)


def test_entities_and_other_xml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HostileInput):
        table_from_file(feed(tmp_path / "a.xml", ("E", 1, 2, "x"), head='<!DOCTYPE rss [<!ENTITY a "b">]>'))  # fmt: skip
    other = tmp_path / "b.xml"
    other.write_text("<gpx/>")
    with pytest.raises(InvalidInput):
        table_from_file(other)


@pytest.mark.real_data
def test_the_export_of_a_real_system_is_read_whole(shared_data: Path) -> None:
    answer = layer_import("units", str(shared_data / "cad" / "adashi_AVLExport.xml"), defaults={"kind": "fire"})  # fmt: skip
    assert answer["created"] == 829
    assert answer["rejected"] == []
    assert Unit.objects.filter(status__code="on_scene").count() == 24 + 20
    assert Unit.objects.filter(status__code="dispatched").count() == 36
    unknown = [line for line in answer["warnings"] if line["field"] == "status"]
    assert unknown  # codes that nobody explains are named, not guessed
    assert (
        UnitPosition.objects.filter(fix_at=datetime(2015, 8, 3, 20, 25, tzinfo=UTC)).count() == 829
    )
