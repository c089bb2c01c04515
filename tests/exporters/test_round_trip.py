"""What is exported comes back unchanged, in every format; nothing secret, nothing that runs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import pytest
from django.contrib.gis.geos import LineString, Point
from django.core.management import CommandError, call_command
from django.utils import timezone
from openpyxl import load_workbook

from layers.assets.models import Camera, Station, WifiHotspot
from layers.dispatch.models import Unit, UnitPosition
from layers.errors import InvalidInput
from layers.exporters.formats import spreadsheet_text
from layers.exporters.services import layer_export
from layers.importers.services import layer_import
from layers.incidents.models import Call, Incident, IncidentType
from layers.network.models import Road
from layers.places.models import Agency, Building, Place
from tests.factories import make_agency, make_area, make_building, make_camera

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]
FLAT = ("csv", "xlsx")
SHAPES = ("geojson", "gpkg", *FLAT)


@pytest.fixture
def city() -> None:
    """One of everything, with awkward values, entered by a person or from OpenStreetMap."""
    agency = make_agency("damkar")
    area = make_area()
    make_area("35.73.01", level="kecamatan", parent=area, population=5, attributes={"Luas": 17.64})
    make_camera(
        "C-1", name="=cmd()|' /C calc'!A0 Arah Utara", heading_deg=12.5, heading_source="confirmed",
        agency=agency, is_public=True, stream_id="0001234567890123456789",
        stream_url="rtsp://user:pass@cam.example/1", address="Jl. Ijen\nNo. 5", fov_deg=71.123456789,
        attributes={"Nomor": "007", "luas": -3.5, "formula": "+62 341", "ada": True, "daftar": [1, {"a": 2}],
                    "waktu": "2020-01-21 13:19:22"},
    )  # fmt: skip
    make_camera(
        "C-2", lon=112.6312345678901, lat=-7.9787654321098, name="Tugu Arah Barat", heading_deg=None
    )
    WifiHotspot.objects.create(
        code="-W 1", name="@home", geom=Point(112.6, -7.9, srid=4326), reach_m=30
    )
    station = Station.objects.create(
        code="S1", name="Pos \"Induk\"; utama", kind="fire", agency=agency, geom=Point(112.61, -7.9, srid=4326)
    )  # fmt: skip
    kind = IncidentType.objects.create(code="api", name="Kebakaran")
    Incident.objects.create(
        number="0001", type=kind, initial_type=kind, state="closed", disposition="handled", priority=2,
        reported_at=timezone.now(), closed_at=timezone.now(), summary="asap, tebal",
        geom=Point(112.62, -7.95, srid=4326),
    )  # fmt: skip
    from layers.importers.kinds.units import require_unit_statuses

    require_unit_statuses()
    from layers.dispatch.models import UnitStatus

    status = UnitStatus.objects.get(code="en_route")
    for number, place in ((1, Point(112.6, -7.91, srid=4326)), (2, None)):
        unit = Unit.objects.create(
            callsign=f"DAMKAR-{number}", kind="fire", station=station, status=status, agency=agency,
            capabilities=["pump", "ladder"], status_since=timezone.now(),
        )  # fmt: skip
        if place:
            UnitPosition.objects.create(
                unit=unit, geom=place, fix_at=timezone.now(), speed_kph=31.5
            )
    Road.objects.create(
        road_class="primary", name="Jl. Ijen", oneway="backward", maxspeed_kph=40, osm_id=77, origin="osm",
        geom=LineString((112.6, -7.9), (112.61, -7.95), srid=4326), node_ids=[1, 2],
    )  # fmt: skip
    Road.objects.create(
        road_class="path", access="no", drivable=False, bridge=True, level=1,
        geom=LineString((112.6, -7.9), (112.6123456789, -7.9), srid=4326),
    )  # fmt: skip
    make_building(
        (112.6, -7.9, 112.601, -7.899), height_m=7.25, osm_id=5, osm_kind="w", origin="osm"
    )
    make_building((112.61, -7.9, 112.611, -7.899))
    Place.objects.create(
        kind="hospital", name="RS Saiful", source_key="k1", geom=Point(112.6, -7.9, srid=4326)
    )


LAYERS = {
    "cctv": 2, "wifi": 1, "stations": 1, "units": 2, "incidents": 1, "areas": 2, "roads": 2, "buildings": 2,
    "places": 1,
}  # fmt: skip


@pytest.mark.parametrize("extension", SHAPES)
def test_every_layer_comes_back_unchanged(city: None, tmp_path: Path, extension: str) -> None:
    for layer, count in LAYERS.items():
        path = tmp_path / f"{layer}.{extension}"
        assert layer_export(layer, path) == {"features": count, "path": str(path), "layer": layer}
        report = layer_import(layer, path)
        told = (
            report["created"],
            report["updated"],
            report["unchanged"],
            report["rejected"],
            report["missing"],
        )
        assert told == (0, 0, count, [], []), (layer, report)
        assert layer_import(layer, path)["unchanged"] == count
    camera = Camera.objects.get(code="C-1")
    assert (camera.stream_url, camera.heading_source) == (
        "rtsp://user:pass@cam.example/1",
        "confirmed",
    )
    assert camera.attributes["Nomor"] == "007"
    assert Camera.objects.get(code="C-2").heading_deg is None
    assert Road.objects.get(osm_id=77).node_ids == [1, 2]


@pytest.mark.parametrize("extension", FLAT)
def test_plain_tables_come_back_unchanged(city: None, tmp_path: Path, extension: str) -> None:
    for layer in ("agencies", "incident_types"):
        path = tmp_path / f"{layer}.{extension}"
        count = layer_export(layer, path)["features"]
        report = layer_import(layer, path)
        assert (report["unchanged"], report["updated"]) == (count, 0)


@pytest.mark.parametrize("extension", SHAPES)
def test_an_export_rebuilds_an_empty_database(city: None, tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"wifi.{extension}"
    layer_export("wifi", path)
    (before,) = WifiHotspot.objects.values("code", "name", "status", "reach_m")
    WifiHotspot.objects.all().delete()
    assert layer_import("wifi", path)["created"] == 1
    assert WifiHotspot.objects.values("code", "name", "status", "reach_m").get() == before
    assert WifiHotspot.objects.get().geom.coords == (112.6, -7.9)


@pytest.mark.parametrize("extension", ["geojson", "gpkg", "csv", "xlsx", "zip"])
def test_no_secret_leaves_unless_asked(city: None, tmp_path: Path, extension: str) -> None:
    Call.objects.create(
        code="1", arrived_at=timezone.now(), caller_name="Budi", caller_number="0812"
    )
    path = tmp_path / f"cctv.{extension}"
    layer_export("cctv", path)
    assert "pass" not in _text(path)
    if extension == "csv":
        layer_export("cctv", path, with_secrets=True)
        assert "rtsp://user:pass@cam.example/1" in _text(path)
        layer_export("calls", path)
        assert "Budi" not in _text(path)


def _text(path: Path) -> str:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    return path.read_text(encoding="latin-1")


def test_spreadsheets_hold_no_formula_and_numbers_stay_numbers(city: None, tmp_path: Path) -> None:
    flat, book = tmp_path / "c.csv", tmp_path / "c.xlsx"
    layer_export("cctv", flat)
    layer_export("cctv", book)
    with flat.open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["name"] == "'=cmd()|' /C calc'!A0 Arah Utara"
    assert first["formula"] == "'+62 341"
    assert (first["lat"], first["luas"]) == ("-7.98", "-3.5")
    page = load_workbook(book).active
    cells = {cell.value: page.cell(2, cell.column) for cell in page[1]}
    assert cells["lat"].value == -7.98
    assert "f" not in {cell.data_type for row in page.iter_rows() for cell in row}
    assert cells["name"].value.startswith("'=")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1", "'=1"),
        ("-a", "'-a"),
        ("'=1", "''=1"),
        ("a=1", "a=1"),
        (-7.9, -7.9),
        (None, None),
        ("'a", "'a"),
    ],
)
def test_formula_escape(value: Any, expected: Any) -> None:
    assert spreadsheet_text(value) == expected


def test_another_reader_sees_the_same_layer(city: None, tmp_path: Path) -> None:
    for extension in ("geojson", "gpkg", "zip"):
        path = tmp_path / f"cctv.{extension}"
        layer_export("cctv", path)
        frame = geopandas.read_file(path)
        assert len(frame) == 2
        assert frame.crs.to_epsg() == 4326
        assert frame.geometry[1].x == pytest.approx(112.6312345678901, abs=1e-9)
    document = json.loads((tmp_path / "cctv.geojson").read_text())
    assert [f["properties"]["code"] for f in document["features"]] == ["C-1", "C-2"]


def test_a_refused_export_leaves_no_file(city: None, tmp_path: Path) -> None:
    Building.objects.all().delete()
    ring = [(112.6 + i * 1e-6, -7.9 + (i % 2) * 1e-5) for i in range(2_000)]
    from django.contrib.gis.geos import MultiPolygon, Polygon

    Building.objects.create(geom=MultiPolygon(Polygon([*ring, (112.7, -8), ring[0]]), srid=4326))
    with pytest.raises(InvalidInput, match="too large"):
        layer_export("buildings", tmp_path / "b.xlsx")
    for name in ("b.pdf", "absent/b.csv"):
        with pytest.raises(InvalidInput):
            layer_export("buildings", tmp_path / name)
    with pytest.raises(InvalidInput, match="no geometry"):
        layer_export("agencies", tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_the_command(city: None, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("export_layer", "stations", str(tmp_path / "s.csv"), "--json", stdout=out)
    assert json.loads(out.getvalue())["features"] == 1
    with pytest.raises(CommandError, match="no layer 'nix'"):
        call_command("export_layer", "nix", str(tmp_path / "s.csv"))
    assert Agency.objects.count() == 1
