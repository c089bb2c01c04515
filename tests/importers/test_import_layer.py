"""import_layer on small files: mapping, faults named by row and field, editions, nothing half done."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from layers.assets.models import Camera, CameraModel, Site, Station, WifiHotspot
from layers.dispatch.models import Unit, UnitStatusChange
from layers.errors import InvalidInput
from layers.events.models import Event
from layers.importers.models import ImportRun
from layers.importers.services import layer_import
from layers.incidents.models import Incident
from layers.network.models import Road
from layers.places.models import Agency, Area, Building, Place
from tests.factories import make_area
from tests.importers.files import geojson, point, square, table

pytestmark = pytest.mark.django_db

WIFI = [
    {"Kode": "W1", "Nama Lokasi": "Alun-alun", "Bujur": "112.6300", "Lintang": "-7.9820", "SSID": "NCC", "Warna": "biru"},
    {"Kode": "W2", "Nama Lokasi": "Balai Kota", "Bujur": "112.6340", "Lintang": "-7.9770", "SSID": "NCC", "Warna": ""},
]  # fmt: skip


def counts(report: dict[str, Any]) -> tuple[int, int, int, int, int]:
    return (
        report["created"], report["updated"], report["unchanged"],
        len(report["missing"]), len(report["rejected"]),
    )  # fmt: skip


def told(report: dict[str, Any], field: str, words: str) -> list[int | None]:
    """Rows of the warnings about a field that say something."""
    return [w["row"] for w in report["warnings"] if w["field"] == field and words in w["reason"]]


def test_indonesian_headers_are_mapped_and_the_rest_is_kept(tmp_path: Path) -> None:
    report = layer_import("wifi", table(tmp_path / "wifi.csv", WIFI))
    assert counts(report) == (2, 0, 0, 0, 0)
    assert report["mapping"] == {
        "code": "Kode", "name": "Nama Lokasi", "lon": "Bujur", "lat": "Lintang", "ssid": "SSID",
    }  # fmt: skip
    row = WifiHotspot.objects.get(code="W1")
    assert (row.name, row.ssid, row.attributes) == ("Alun-alun", "NCC", {"Warna": "biru"})
    assert (row.geom.x, row.geom.y) == (112.63, -7.982)
    assert ImportRun.objects.get(pk=report["run"]).file_name == "wifi.csv"
    assert Event.objects.filter(kind="layer.imported", layer="wifi").count() == 1


def test_the_same_file_twice_changes_nothing_and_a_later_edition_updates(tmp_path: Path) -> None:
    path = table(tmp_path / "wifi.csv", WIFI)
    layer_import("wifi", path)
    before = list(WifiHotspot.objects.values_list("pk", "updated_at"))
    assert counts(layer_import("wifi", path)) == (0, 0, 2, 0, 0)
    assert list(WifiHotspot.objects.values_list("pk", "updated_at")) == before
    later = [
        {**WIFI[0], "SSID": "Malang"},
        {**WIFI[0], "Kode": "W3", "Nama Lokasi": "Museum", "Bujur": "112.64"},
    ]
    report = layer_import("wifi", table(tmp_path / "later.csv", later))
    assert counts(report) == (1, 1, 0, 1, 0)
    assert report["missing"] == [{"key": "W2", "name": "Balai Kota"}]
    assert WifiHotspot.objects.filter(code="W2").exists()
    assert WifiHotspot.objects.get(code="W1").ssid == "Malang"


def test_a_file_that_shares_no_key_is_no_later_edition(tmp_path: Path) -> None:
    layer_import("wifi", table(tmp_path / "a.csv", WIFI))
    other = [{**WIFI[0], "Kode": "X1", "Bujur": "112.65"}]
    assert layer_import("wifi", table(tmp_path / "b.csv", other))["missing"] == []


def test_a_key_that_another_thing_far_away_has_is_refused_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    layer_import("wifi", table(tmp_path / "a.csv", WIFI))
    seattle = {**WIFI[0], "Nama Lokasi": "Fire Station #1", "Bujur": "-122.33", "Lintang": "47.6"}
    fresh = {**seattle, "Kode": "S9"}
    report = layer_import("wifi", table(tmp_path / "b.csv", [seattle, fresh]))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert report["rejected"][0]["field"] == "Kode"
    assert report["rejected"][0]["value"] == "W1"
    assert "'Alun-alun'" in report["rejected"][0]["reason"]
    assert "--key" in report["rejected"][0]["reason"]
    kept = WifiHotspot.objects.get(code="W1")
    assert (kept.name, round(kept.geom.x, 4)) == ("Alun-alun", 112.63)
    # What only moved, however far, and what only got another name are the same thing.
    moved = [{**WIFI[0], "Bujur": "113.9"}, {**WIFI[1], "Nama Lokasi": "Balai Kota Malang"}]
    assert counts(layer_import("wifi", table(tmp_path / "c.csv", moved)))[1:] == (2, 0, 0, 0)


def test_what_a_person_changed_survives_the_same_file(tmp_path: Path) -> None:
    path = table(tmp_path / "wifi.csv", WIFI)
    layer_import("wifi", path)
    WifiHotspot.objects.filter(code="W1").update(name="Alun-alun Merdeka")
    assert counts(layer_import("wifi", path)) == (0, 0, 2, 0, 0)
    assert WifiHotspot.objects.get(code="W1").name == "Alun-alun Merdeka"


def test_a_blank_cell_erases_nothing(tmp_path: Path) -> None:
    layer_import("wifi", table(tmp_path / "a.csv", WIFI))
    layer_import(
        "wifi", table(tmp_path / "b.csv", [{**WIFI[0], "SSID": "", "Nama Lokasi": "Alun"}])
    )
    row = WifiHotspot.objects.get(code="W1")
    assert (row.name, row.ssid) == ("Alun", "NCC")


@pytest.mark.parametrize(
    ("lon", "lat", "field", "words"),
    [
        ("-7.982", "112.63", "Lintang", "swapped"),
        ("", "", "Lintang", "no position"),
        ("0", "0", "Lintang", "0, 0 is no position"),
        ("112.63", "", "Lintang", "missing"),
        ("abc", "-7.9", "Bujur", "not a number"),
        ("679000", "9118000", "Lintang", "--crs"),
        ("200", "95", "Lintang", "out of range"),
        ("inf", "-7.9", "Bujur", "not a"),
    ],
)
def test_unusable_positions_are_rejected(
    tmp_path: Path, lon: str, lat: str, field: str, words: str
) -> None:
    rows = [*WIFI, {**WIFI[0], "Kode": "W9", "Bujur": lon, "Lintang": lat}]
    report = layer_import("wifi", table(tmp_path / "wifi.csv", rows))
    assert counts(report) == (2, 0, 0, 0, 1)
    (rejected,) = report["rejected"]
    assert (rejected["row"], rejected["field"]) == (3, field)
    assert words in rejected["reason"]


def test_swapped_axes_that_stay_in_range_are_told_by_the_city(tmp_path: Path) -> None:
    make_area("porto", level="kota", box=(-8.7, 41.1, -8.5, 41.2), name="Porto")
    rows = [
        {"code": "a", "name": "a", "lon": 41.15, "lat": -8.6},
        {"code": "b", "name": "b", "lon": -8.6, "lat": 41.15},
    ]
    report = layer_import("wifi", table(tmp_path / "w.csv", rows))
    assert [(r["row"], "swapped" in r["reason"]) for r in report["rejected"]] == [(1, True)]
    assert report["created"] == 1


def test_a_point_outside_the_city_is_loaded_with_a_warning(tmp_path: Path) -> None:
    make_area("35.73", level="kota", box=(112.6, -8.0, 112.632, -7.9), name="Kota")
    report = layer_import("wifi", table(tmp_path / "w.csv", WIFI))
    assert report["created"] == 2
    assert told(report, "geometry", "outside Kota") == [2]


def test_kecamatan_labels_are_checked_and_the_position_wins(tmp_path: Path) -> None:
    make_area("35.73.01", level="kecamatan", box=(112.60, -8.0, 112.632, -7.9), name="Blimbing")
    make_area("35.73.02", level="kecamatan", box=(112.632, -8.0, 112.66, -7.9), name="Klojen")
    labels = ["Kec. Blimbing", "Blimbing"]
    rows = [{**row, "Kecamatan": label} for row, label in zip(WIFI, labels, strict=True)]
    rows.append(
        {**WIFI[0], "Kode": "W3", "Nama Lokasi": "x", "Kecamatan": "Unknown", "Bujur": "112.61"}
    )
    report = layer_import("wifi", table(tmp_path / "w.csv", rows))
    assert told(report, "Kecamatan", "lies in Klojen") == [2]
    assert told(report, "Kecamatan", "does not know") == [3]
    assert WifiHotspot.objects.get(code="W2").attributes["Kecamatan"] == "Blimbing"


def test_pairs_and_names_that_repeat_are_named(tmp_path: Path) -> None:
    near = [  # 0.0001 degrees of latitude are 11.06 m here, 0.0002 are 22.1 m
        {"code": "a", "name": "Ijen", "lon": 112.62, "lat": -7.97},
        {"code": "b", "name": "Ijen", "lon": 112.62, "lat": -7.9701},
        {"code": "c", "name": "Other", "lon": 112.62, "lat": -7.9703},
    ]
    report = layer_import("wifi", table(tmp_path / "w.csv", near))
    assert told(report, "geometry", "m from row 1") == [2]
    assert [w["value"] for w in report["warnings"] if w["field"] == "geometry"] == [
        pytest.approx(11.06, abs=0.01)
    ]
    assert told(report, "name", "row 1 has the same name, 11 m away") == [2]


def test_repeated_keys_are_rejected_at_the_second_row(tmp_path: Path) -> None:
    rows = [WIFI[0], WIFI[0], {**WIFI[0], "SSID": "x"}]
    report = layer_import("wifi", table(tmp_path / "w.csv", rows))
    assert [(r["row"], r["value"]) for r in report["rejected"]] == [(2, "W1"), (3, "W1")]
    assert "exact duplicate of row 1" in report["rejected"][0]["reason"]
    assert "other values" in report["rejected"][1]["reason"]


def test_bad_cells_of_usable_rows_are_warnings(tmp_path: Path) -> None:
    rows = [{**WIFI[0], "Jangkauan": "-5", "Status": "ungu", "Alamat": "Jl. Ijen\r\nNo. 3"}]
    report = layer_import("wifi", table(tmp_path / "w.csv", rows))
    assert report["created"] == 1
    assert told(report, "Jangkauan", "out of range") == [1]
    assert told(report, "Alamat", "line break") == [1]
    assert WifiHotspot.objects.get().address == "Jl. Ijen No. 3"


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ";"), ("latin-1", ","), ("utf-16", "\t"), ("utf-8", "|")],
)
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [{"Kode": "Ä1", "Nama": 'Café, "Ijen"', "Lon": "112,63", "Lat": "-7,98"}]
    layer_import("wifi", table(tmp_path / "w.csv", rows, encoding=encoding, delimiter=delimiter))
    row = WifiHotspot.objects.get()
    assert (row.code, row.name, row.geom.x) == ("Ä1", 'Café, "Ijen"', 112.63)


def test_key_option_matches_by_any_column(tmp_path: Path) -> None:
    rows = [{"aset": "A-7", "nama": "Pos", "lon": "112.63", "lat": "-7.98"}]
    layer_import("wifi", table(tmp_path / "a.csv", rows), key="Aset")
    report = layer_import(
        "wifi", table(tmp_path / "b.csv", [{**rows[0], "nama": "Pos 2"}]), key="aset"
    )
    assert counts(report) == (0, 1, 0, 0, 0)
    with pytest.raises(InvalidInput, match="no column 'nix'"):
        layer_import("wifi", tmp_path / "a.csv", key="nix")


def test_dry_run_reports_and_writes_nothing(tmp_path: Path) -> None:
    report = layer_import("wifi", table(tmp_path / "w.csv", WIFI), dry_run=True)
    assert counts(report) == (2, 0, 0, 0, 0)
    assert not WifiHotspot.objects.exists()
    assert not ImportRun.objects.exists()
    assert not Agency.objects.exists()


def test_headings_of_cameras(tmp_path: Path) -> None:
    rows = [
        {
            "code": "1",
            "name": "Jl. Kawi Arah Timur (BRI)",
            "lon": 112.620,
            "lat": -7.97,
            "heading_deg": "",
        },
        {"code": "2", "name": "Jl. A Yani Utara", "lon": 112.621, "lat": -7.97, "heading_deg": ""},
        {
            "code": "3",
            "name": "Ijen Arah Barat",
            "lon": 112.622,
            "lat": -7.97,
            "heading_deg": "360",
        },
        {"code": "4", "name": "Tugu", "lon": 112.623, "lat": -7.97, "heading_deg": "400"},
    ]
    report = layer_import("cctv", table(tmp_path / "c.csv", rows))
    found = {c.code: (c.heading_deg, c.heading_source) for c in Camera.objects.all()}
    assert found == {
        "1": (90.0, "assumed"),
        "2": (None, "unknown"),
        "3": (0.0, "stated"),
        "4": (None, "unknown"),
    }
    assert told(report, "heading_deg", "out of range") == [4]
    assert told(report, "heading_deg", "part of the street's name") == [2]
    Camera.objects.filter(code="1").update(heading_deg=80, heading_source="confirmed")
    layer_import(
        "cctv", table(tmp_path / "d.csv", [{**rows[0], "heading_deg": "95", "address": "x"}])
    )
    camera = Camera.objects.get(code="1")
    assert (camera.heading_deg, camera.heading_source, camera.address) == (80.0, "confirmed", "x")


def test_cameras_share_the_site_they_name_or_the_pole_they_stand_on(tmp_path: Path) -> None:
    rows = [
        {"code": "1", "name": "a", "lon": 112.62, "lat": -7.97, "site": "T-1"},
        {"code": "2", "name": "b", "lon": 112.62001, "lat": -7.97, "site": "T-1"},
        {"code": "3", "name": "c", "lon": 112.63, "lat": -7.97, "site": ""},
        {"code": "4", "name": "d", "lon": 112.630005, "lat": -7.97, "site": ""},  # 0.55 m east
        {"code": "5", "name": "e", "lon": 112.63002, "lat": -7.97, "site": ""},  # 2.2 m east
    ]
    layer_import("cctv", table(tmp_path / "c.csv", rows))
    sites = {c.code: c.site.code for c in Camera.objects.select_related("site")}
    assert sites["1"] == sites["2"] == "T-1"
    assert sites["3"] == sites["4"]
    assert Site.objects.count() == 3


def test_stream_addresses_stay_out_of_reports_and_attributes(tmp_path: Path) -> None:
    rows = [
        {"code": "1", "name": "a", "lon": 112.62, "lat": -7.97, "stream_url": "rtsp://user:pass@10.1.2.3/x",
         "host": "10.1.2.3", "cadangan": "rtsp://u:p@cam.example/y", "model": "none"},
        {"code": "2", "name": "b", "lon": 112.63, "lat": -7.97, "stream_url": "file:///etc/passwd",
         "host": "cam.example", "cadangan": "", "model": ""},
    ]  # fmt: skip
    report = layer_import("cctv", table(tmp_path / "c.csv", rows))
    text = json.dumps(report)
    assert "pass" not in text
    assert "10.1.2.3" not in text
    assert told(report, "host", "private network") == [1]
    assert told(report, "stream_url", "not an address of a stream") == [2]
    first, second = Camera.objects.order_by("code")
    assert (first.stream_url, second.stream_url) == ("rtsp://user:pass@10.1.2.3/x", "")
    assert first.attributes == {"model": "none"}
    assert "rtsp" not in json.dumps(ImportRun.objects.get().report)


def test_camera_models_are_found_by_name(tmp_path: Path) -> None:
    CameraModel.objects.create(
        name="PTZ-30", kind="ptz", image_width_px=1920, image_height_px=1080, sensor_width_mm=5,
        sensor_height_mm=3, focal_min_mm=4, focal_max_mm=120,
    )  # fmt: skip
    rows = [{"code": "1", "name": "a", "lon": 112.62, "lat": -7.97, "model": "ptz 30"}]
    layer_import("cctv", table(tmp_path / "c.csv", rows))
    assert (Camera.objects.get().model.name, Camera.objects.get().kind) == ("PTZ-30", "ptz")


def test_units_with_status_station_and_position(tmp_path: Path) -> None:
    stations = [
        {"code": "P1", "nama": "Pos Damkar Induk", "jenis": "Damkar", "lon": 112.63, "lat": -7.98}
    ]
    layer_import("stations", table(tmp_path / "s.csv", stations))
    rows = [
        {"callsign": "DAMKAR-1", "jenis": "damkar", "kemampuan": "pump;ladder", "pos": "P1", "status": "siaga",
         "lon": 112.631, "lat": -7.981, "fix_at": "", "instansi": "Dinas Damkar"},
        {"callsign": "AMB-1", "jenis": "ambulans", "kemampuan": "", "pos": "P9", "status": "ungu",
         "lon": "", "lat": "", "fix_at": "", "instansi": ""},
        {"callsign": "X", "jenis": "kapal", "kemampuan": "", "pos": "", "status": "", "lon": 112.6, "lat": -7.9,
         "fix_at": "", "instansi": ""},
    ]  # fmt: skip
    report = layer_import("units", table(tmp_path / "u.csv", rows))
    assert counts(report) == (2, 0, 0, 0, 1)
    unit = Unit.objects.get(callsign="DAMKAR-1")
    assert (unit.kind, unit.capabilities, unit.station.code, unit.status.code, unit.agency.name) == (
        "fire", ["pump", "ladder"], "P1", "available", "Dinas Damkar",
    )  # fmt: skip
    assert (unit.position.geom.x, unit.position.fix_at) == (112.631, None)
    assert UnitStatusChange.objects.filter(unit=unit).count() == 1
    assert told(report, "pos", "no such station") == [2]
    assert told(report, "status", "not a known unit status") == [2]
    assert counts(layer_import("units", tmp_path / "u.csv"))[:3] == (0, 0, 2)


def test_an_older_or_future_fix_never_moves_a_unit(tmp_path: Path) -> None:
    row = {
        "callsign": "POL-1",
        "kind": "police",
        "lon": 112.63,
        "lat": -7.98,
        "fix_at": "2024-05-01T10:00:00Z",
    }
    layer_import("units", table(tmp_path / "a.csv", [row]))
    ahead = (timezone.now() + timezone.timedelta(hours=5)).isoformat()
    for fix in ("2024-05-01T09:00:00Z", ahead):
        report = layer_import(
            "units", table(tmp_path / "b.csv", [{**row, "lon": 112.7, "fix_at": fix}])
        )
        assert report["unchanged"] == 1
        assert len(told(report, "fix_at", "not used")) == 1
    assert Unit.objects.get().position.geom.x == 112.63
    newer = {**row, "lon": 112.7, "fix_at": "2024-05-01T11:00:00Z"}
    assert layer_import("units", table(tmp_path / "c.csv", [newer]))["updated"] == 1
    assert Unit.objects.get().position.geom.x == 112.7


def test_incidents_with_times_and_states(tmp_path: Path) -> None:
    now = timezone.now()
    rows = [
        {"number": "1", "type": "Kebakaran", "priority": "1", "reported_at": now.isoformat(),
         "dispatched": "", "closed": "", "lon": 112.63, "lat": -7.98},
        {"number": "2", "type": "Kecelakaan", "priority": "9", "reported_at": "2024-01-05 08:00",
         "dispatched": "2024-01-05 08:04", "closed": "2024-01-05 09:00", "lon": 112.64, "lat": -7.98},
        {"number": "3", "type": "Kecelakaan", "priority": "", "reported_at": "2024-01-05 08:00",
         "dispatched": "2024-01-05 07:00", "closed": "", "lon": 112.65, "lat": -7.98},
        {"number": "4", "type": "", "priority": "", "reported_at": "kemarin", "dispatched": "", "closed": "",
         "lon": 112.65, "lat": -7.98},
        {"number": "5", "type": "", "priority": "", "reported_at": "2099-01-01", "dispatched": "", "closed": "",
         "lon": 112.65, "lat": -7.98},
    ]  # fmt: skip
    make_area("35.73.01.1001", level="kelurahan", box=(112.62, -8, 112.635, -7.9))
    report = layer_import("incidents", table(tmp_path / "i.csv", rows))
    assert counts(report) == (3, 0, 0, 0, 2)
    assert [r["row"] for r in report["rejected"]] == [4, 5]
    found = {i.number: i for i in Incident.objects.select_related("type", "area")}
    assert {n: i.state for n, i in found.items()} == {"1": "new", "2": "closed", "3": "closed"}
    assert found["1"].area.code == "35.73.01.1001"
    assert found["2"].area is None
    assert found["2"].initial_type.name == "Kecelakaan"
    assert found["2"].closed_at == found["2"].first_closed_at
    assert found["2"].reported_at.isoformat() == "2024-01-05T01:00:00+00:00"
    assert told(report, "dispatched", "out of order") == [3]
    assert told(report, "priority", "out of range") == [2]
    assert counts(layer_import("incidents", tmp_path / "i.csv")) == (0, 0, 3, 0, 2)


def test_areas_from_plain_hdx_and_bps_columns(tmp_path: Path) -> None:
    hdx = [
        (
            {"ADM4_EN": "Arjosari", "ADM4_PCODE": "ID3573010001", "ADM3_PCODE": "ID3573010"},
            square(112.6, -7.9),
        )
    ]
    bps = [
        ({"village_code": "3573010002", "village": "Balearjosari"}, square(112.62, -7.9)),
        ({"district_code": "3573010", "district": "Blimbing"}, square(112.6, -7.9, 0.03)),
    ]
    plain = [
        (
            {"kode": "35.73.01.1003", "nama": "Purwodadi", "penduduk": "12.500,0"},
            square(112.64, -7.9),
        )
    ]
    for name, features in {"hdx": hdx, "bps": bps, "plain": plain}.items():
        report = layer_import("areas", geojson(tmp_path / f"{name}.geojson", features))
        assert report["created"] == len(features), report["rejected"]
    areas = {area.code: area for area in Area.objects.select_related("parent")}
    assert {code: (area.level, area.name) for code, area in areas.items()} == {
        "ID3573010001": ("kelurahan", "Arjosari"),
        "3573010002": ("kelurahan", "Balearjosari"),
        "3573010": ("kecamatan", "Blimbing"),
        "35.73.01.1003": ("kelurahan", "Purwodadi"),
    }
    assert areas["3573010002"].parent == areas["3573010"]
    assert areas["35.73.01.1003"].population == 12_500
    assert areas["ID3573010001"].parent is None


def test_roads_are_split_classed_and_keyed_by_content(tmp_path: Path) -> None:
    lines = [[[112.60, -7.9], [112.61, -7.9]], [[112.62, -7.9], [112.63, -7.9]]]
    features = [
        ({"REMARK": "Jalan Arteri", "oneway": "-1"}, {"type": "MultiLineString", "coordinates": lines}),
        ({"REMARK": "Jalan Setapak"}, {"type": "LineString", "coordinates": [[112.60, -7.95], [112.60, -7.85]]}),
        ({"REMARK": "Jalan Lain"}, {"type": "LineString", "coordinates": [[112.60, -7.9], [112.60, -7.9]]}),
        ({"REMARK": "Jalan Lain"}, None),
    ]  # fmt: skip
    path = geojson(tmp_path / "r.geojson", features)
    report = layer_import("roads", path)
    assert counts(report) == (2, 0, 0, 0, 2)
    found = Road.objects.order_by("geom").values_list("road_class", "oneway", "access", "drivable")
    assert sorted(found) == [
        ("path", "no", "no", False), ("primary", "backward", "yes", True), ("primary", "backward", "yes", True),
    ]  # fmt: skip
    assert counts(layer_import("roads", path)) == (0, 0, 2, 0, 2)


def test_noding_cuts_crossing_roads_on_request(tmp_path: Path) -> None:
    features = [
        (
            {"class": "residential", "name": "A"},
            {"type": "LineString", "coordinates": [[0, 1], [2, 1]]},
        ),
        (
            {"class": "tertiary", "name": "B"},
            {"type": "LineString", "coordinates": [[1, 0], [1, 2]]},
        ),
    ]
    report = layer_import("roads", geojson(tmp_path / "r.geojson", features), node=True)
    assert report["created"] == 2
    assert sorted(Road.objects.values_list("name", flat=True)) == ["A", "A", "B", "B"]
    assert any("4 pieces" in w["reason"] for w in report["warnings"])


def test_buildings_with_heights(tmp_path: Path) -> None:
    features = [
        ({"height": "12,5"}, square(112.6, -7.9)),
        ({"building:levels": 3}, square(112.62, -7.9)),
        ({"height": -2}, square(112.64, -7.9)),
    ]
    report = layer_import("buildings", geojson(tmp_path / "b.geojson", features))
    assert report["created"] == 3
    assert told(report, "height", "out of range") == [3]
    assert sorted(Building.objects.values_list("height_m", "levels"), key=str) == [
        (12.5, None), (None, 3.0), (None, None),
    ]  # fmt: skip


def test_places_with_truncated_headers(tmp_path: Path) -> None:
    layer_import(
        "places",
        geojson(
            tmp_path / "p.geojson",
            [({"Nama": "RS Saiful", "Jenis fasi": "RS"}, point(112.63, -7.97))],
        ),
    )
    assert (Place.objects.get().name, Place.objects.get().kind) == ("RS Saiful", "RS")


def test_station_kind_is_read_from_names_or_given(tmp_path: Path) -> None:
    rows = [
        {"Code": "2", "Name": "Fire Station #2", "Lat": 47.61, "Lon": -122.34},
        {"Code": "3", "Name": "Pos 3", "Lat": 47.62, "Lon": -122.34},
    ]
    path = table(tmp_path / "s.csv", rows)
    report = layer_import("stations", path)
    assert counts(report) == (1, 0, 0, 0, 1)
    report = layer_import("stations", path, defaults={"kind": "police"})
    assert counts(report) == (1, 1, 0, 0, 0)
    assert Station.objects.get(code="3").kind == "police"


def test_nested_json_lists(tmp_path: Path) -> None:
    document = {"meta": {"n": 2}, "groups": [
        {"name": "Klojen", "tags": [{"a": 1}, {"a": 2}, {"a": 3}], "cameras": [
            {"id": "a", "name": "Tugu Arah Utara", "location": {"coordinates": {"lat": -7.977, "lng": 112.634}}},
            {"id": "b", "name": "Ijen", "location": {"coordinates": {"lat": "-7.97", "lng": "112.62"}}},
        ]},
    ]}  # fmt: skip
    path = tmp_path / "nested.json"
    path.write_text(json.dumps(document))
    report = layer_import("cctv", path)
    assert counts(report) == (2, 0, 0, 0, 0)
    assert Camera.objects.get(code="a").geom.y == -7.977
    assert [w["rows"] for w in report["warnings"] if "written as text" in w["reason"]] == [[2], [2]]


def test_numbers_in_another_coordinate_system(tmp_path: Path) -> None:
    rows = [{"code": "a", "name": "a", "easting": 679_000, "northing": 9_118_000}]
    layer_import("wifi", table(tmp_path / "w.csv", rows), crs="EPSG:32749")
    assert WifiHotspot.objects.get().geom.x == pytest.approx(112.6249, abs=1e-3)


def test_the_command_prints_one_document_or_one_error_line(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "import_layer",
        "wifi",
        str(table(tmp_path / "w.csv", WIFI)),
        "--json",
        stdout=out,
        stderr=err,
    )
    report = json.loads(out.getvalue())
    assert {"created", "updated", "unchanged", "missing", "rejected", "warnings", "seconds"} <= set(
        report
    )
    assert out.getvalue().count("\n") == 1
    assert "2 rows read from w.csv" in err.getvalue()
    with pytest.raises(CommandError, match="no layer 'nix'"):
        call_command("import_layer", "nix", str(tmp_path / "w.csv"), stderr=err)
    (tmp_path / "n.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="no position columns"):
        call_command("import_layer", "wifi", str(tmp_path / "n.csv"), stderr=err)


def test_an_error_in_the_middle_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer_import("wifi", table(tmp_path / "a.csv", WIFI[:1]))
    import layers.importers.services as services

    def fail(*args: object) -> None:
        raise InvalidInput("stop")

    monkeypatch.setattr(services, "import_published", fail)
    with pytest.raises(InvalidInput):
        layer_import("wifi", table(tmp_path / "b.csv", [{**WIFI[0], "SSID": "neu"}, WIFI[1]]))
    assert list(WifiHotspot.objects.values_list("code", "ssid")) == [("W1", "NCC")]
    assert ImportRun.objects.count() == 1


def test_changes_are_recorded_with_their_source(tmp_path: Path) -> None:
    layer_import("wifi", table(tmp_path / "w.csv", WIFI))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(source) FROM layers_change WHERE table_name = 'layers_wifihotspot'"
        )
        assert cursor.fetchone() == (2, "import_layer")


def test_what_a_file_does_not_state_is_left_as_it_is(tmp_path: Path) -> None:
    road = {"type": "LineString", "coordinates": [[112.60, -7.9], [112.61, -7.9]]}
    layer_import("roads", geojson(tmp_path / "a.geojson", [({"class": "primary"}, road)]))
    report = layer_import("roads", geojson(tmp_path / "b.geojson", [({"name": "Jl. Ijen"}, road)]))
    assert report["updated"] == 1
    assert Road.objects.values_list("road_class", "name").get() == ("primary", "Jl. Ijen")

    row = {
        "number": "1",
        "type": "Api",
        "reported_at": "2024-01-05 08:00",
        "lon": 112.63,
        "lat": -7.98,
    }
    layer_import("incidents", table(tmp_path / "a.csv", [row]))
    Incident.objects.update(state="on_hold", disposition="", closed_at=None)
    layer_import("incidents", table(tmp_path / "b.csv", [{**row, "address": "Jl. Ijen"}]))
    assert Incident.objects.values_list("state", "address").get() == ("on_hold", "Jl. Ijen")

    post = {"code": "P", "name": "Pos Polisi", "lon": 112.63, "lat": -7.98}
    layer_import("stations", table(tmp_path / "c.csv", [post]))
    Station.objects.update(kind="rescue")
    layer_import("stations", table(tmp_path / "d.csv", [{**post, "address": "x"}]))
    assert Station.objects.values_list("kind", "address").get() == ("rescue", "x")


def test_gadm_columns_are_areas(tmp_path: Path) -> None:
    features = [
        ({"GID_4": "IDN.11.2.3_1", "GID_3": "IDN.11.2_1", "NAME_4": "Dinoyo"}, square(112.6, -7.9))
    ]
    layer_import("areas", geojson(tmp_path / "a.geojson", features))
    assert Area.objects.values_list("level", "code", "name").get() == (
        "kelurahan",
        "IDN.11.2.3_1",
        "Dinoyo",
    )


def test_another_import_of_the_same_layer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import layers.importers.services as services
    from layers.errors import Conflict

    class Held:
        def __enter__(self) -> Held:
            return self

        def __exit__(self, *args: object) -> None:
            return

        def execute(self, statement: str, parameters: list[str]) -> None:
            assert "pg_try_advisory_xact_lock" in statement

        def fetchone(self) -> tuple[bool]:
            return (False,)

    class Connection:
        def cursor(self) -> Held:
            return Held()

    monkeypatch.setattr(services, "connection", Connection())
    with pytest.raises(Conflict, match="another import of wifi is running"):
        layer_import("wifi", table(tmp_path / "w.csv", WIFI))
    assert not WifiHotspot.objects.exists()
