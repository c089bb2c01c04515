"""The real files: every fault that is known of them is found, counted against the raw files."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas
import networkx
import numpy as np
import pandas
import pytest
from pyproj import Geod

from layers.assets.models import Camera, Site, Station
from layers.errors import InvalidInput
from layers.importers.services import layer_import
from layers.incidents.models import Incident
from layers.network.models import Road
from layers.places.models import Area, Place

pytestmark = [pytest.mark.django_db, pytest.mark.real_data, pytest.mark.filterwarnings("ignore")]
GEOD = Geod(ellps="WGS84")


def told(report: dict[str, Any], field: str, words: str) -> list[int]:
    return [w["row"] for w in report["warnings"] if w["field"] == field and words in w["reason"]]


@pytest.fixture
def outlines(shared_data: Path) -> dict[str, Path]:
    found = {
        level: shared_data / "admin" / f"kota_malang_{level}_rbi2022_2d.geojson"
        for level in ("kelurahan", "kecamatan", "kota")
    }
    for path in found.values():
        layer_import("areas", path)
    return found


def test_boundaries_as_issued(outlines: dict[str, Path], shared_data: Path) -> None:
    assert Counter(Area.objects.values_list("level", flat=True)) == {
        "kelurahan": 57,
        "kecamatan": 5,
        "kota": 1,
    }
    arjosari = Area.objects.get(code="35.73.01.1002")
    assert (arjosari.name, arjosari.parent.code, arjosari.parent.parent.code) == (
        "Arjosari",
        "35.73.01",
        "35.73",
    )
    assert Area.objects.filter(level="kelurahan", parent=None).count() == 0
    report = layer_import("areas", shared_data / "admin" / "Desa Kelurahan Kota Malang.gpkg")
    assert (report["created"], report["rejected"], report["missing"]) == (0, [], [])
    assert report["updated"] + report["unchanged"] == 57
    assert any("heights (Z)" in w["reason"] for w in report["warnings"])
    assert not Area.objects.get(code="35.73.01.1002").geom.hasz


def test_cameras_of_two_editions(outlines: dict[str, Path], shared_data: Path) -> None:
    first, second = (
        shared_data / "cctv" / f"malang_cctv_{name}" for name in ("2025-10.csv", "2026-02.json")
    )
    rows = list(csv.DictReader(first.open(encoding="utf-8")))
    report = layer_import("cctv", first)
    assert (report["created"], report["rejected"]) == (269, [])
    assert Camera.objects.count() == 269

    names = [row["name"] for row in rows]
    assert told(report, "name", "has the same name") == [
        i + 1 for i, name in enumerate(names) if name in names[:i]
    ]
    assert len(told(report, "name", "has the same name")) == 48
    lonlat = [(float(row["lng"]), float(row["lat"])) for row in rows]
    near = sum(GEOD.inv(*lonlat[i], *lonlat[j])[2] < 15 for i in range(len(rows)) for j in range(i))
    assert len(told(report, "geometry", "two on one pole")) == near == 50
    unknown = [i + 1 for i, row in enumerate(rows) if row["district"] == "Unknown"]
    assert told(report, "district", "does not know") == unknown
    assert len(unknown) == 18

    districts = geopandas.read_file(outlines["kecamatan"])
    points = geopandas.GeoSeries.from_xy(*np.array(lonlat).T, crs=4326)
    lies_in = [
        next((d.NAMOBJ for d in districts.itertuples() if d.geometry.contains(p)), None)
        for p in points
    ]
    wrong = [
        i + 1 for i, (row, there) in enumerate(zip(rows, lies_in, strict=True))
        if there and row["district"] not in {"Unknown", there}
    ]  # fmt: skip
    assert told(report, "district", "the position wins") == wrong
    assert len(wrong) == 16
    city = geopandas.read_file(outlines["kota"]).geometry[0]
    outside = [i + 1 for i, p in enumerate(points) if not city.intersects(p)]
    assert told(report, "geometry", "outside Kota Malang") == outside
    assert len(outside) == 2
    private = [i + 1 for i, row in enumerate(rows) if re.match(r"10\.", row["stream_host"])]
    assert told(report, "stream_host", "private network") == private == list(range(1, 270))
    assert not Camera.objects.filter(attributes__icontains="10.99").exists()

    assert Camera.objects.filter(heading_source="assumed").count() == 256
    assert len(told(report, "heading_deg", "heading unknown")) == 13
    (assumed,) = [w["rows"] for w in report["warnings"] if "assumed heading" in w["reason"]]
    plain = re.compile(r"arah (utara|timur|selatan|barat)\b", re.IGNORECASE)
    assert assumed == [i + 1 for i, name in enumerate(names) if plain.search(name)]
    stated = {"utara": 0.0, "timur": 90.0, "selatan": 180.0, "barat": 270.0}
    for camera in Camera.objects.filter(heading_source="assumed"):
        (word,) = set(re.findall(r"arah (utara|timur|selatan|barat)", camera.name.lower()))
        assert camera.heading_deg == stated[word]
    assert Camera.objects.get(stream_id=rows[0]["stream_id"]).geom.coords == lonlat[0]
    assert Site.objects.count() == 269

    assert layer_import("cctv", first)["unchanged"] == 269
    records = json.loads(second.read_text())["records"]
    old, new = {row["stream_id"] for row in rows}, {row["stream_id"] for row in records}
    report = layer_import("cctv", second)
    assert report["created"] == len(new - old) == 6
    assert report["updated"] + report["unchanged"] == len(new & old)
    assert {entry["key"] for entry in report["missing"]} == old - new
    assert len(report["missing"]) == 19
    assert Camera.objects.count() == 275
    broken = [i + 1 for i, row in enumerate(records) if "\n" in row["address"]]
    assert told(report, "address", "line break") == broken
    assert len(broken) == 2
    off = [i + 1 for i, row in enumerate(records) if row["status"] == 0]
    assert told(report, "status", "does not work") == off
    assert len(off) == 1
    texts = {w["field"]: w["rows"] for w in report["warnings"] if "written as text" in w["reason"]}
    assert {field: len(rows) for field, rows in texts.items()} == {
        "latitude": 256,
        "longitude": 256,
    }
    assert layer_import("cctv", second)["unchanged"] == 256


def test_the_nested_json_holds_the_same_cameras(shared_data: Path) -> None:
    layer_import("cctv", shared_data / "cctv" / "malang_cctv_2025-10.csv")
    before = {
        c.stream_id: (c.geom.coords, c.name, c.heading_deg, c.stream_url)
        for c in Camera.objects.all()
    }
    report = layer_import("cctv", shared_data / "cctv" / "malang_cctv_2025-10.json")
    assert (report["created"], report["missing"], report["rejected"]) == (0, [], [])
    assert {
        c.stream_id: (c.geom.coords, c.name, c.heading_deg, c.stream_url)
        for c in Camera.objects.all()
    } == before


def test_roads_are_imported_as_they_are_and_told_not_routable(shared_data: Path) -> None:
    path = shared_data / "roads" / "kota_malang_roads_rbi25k.geojson"
    report = layer_import("roads", path)
    raw = geopandas.read_file(path)
    assert (report["created"], report["rejected"]) == (len(raw), []) == (3049, [])
    parts = raw.explode(index_parts=False)
    assert Road.objects.count() == len(parts)
    graph = networkx.Graph()
    for line in parts.geometry:
        graph.add_edge(*(tuple(round(v, 7) for v in line.coords[i]) for i in (0, -1)))
    (remark,) = [w for w in report["warnings"] if "not routable" in w["reason"]]
    assert remark["value"] == networkx.number_connected_components(graph) == 698
    expected = {"Jalan Lokal": "residential", "Jalan Lain": "unclassified", "Jalan Kolektor": "secondary",
                "Jalan Setapak": "path", "Jalan Tol Dua Jalur Dengan Pemisah Fisik": "motorway"}  # fmt: skip
    assert Counter(Road.objects.values_list("road_class", flat=True)) == Counter(
        expected[r] for r in parts.REMARK
    )
    assert layer_import("roads", path)["unchanged"] == 3049


def test_health_facilities_have_swapped_columns_and_wrong_labels(
    outlines: dict[str, Path], shared_data: Path
) -> None:
    path = shared_data / "poi" / "kota_malang_faskes_kevin.geojson"
    for layer, loaded in (("places", Place), ("stations", Station)):
        report = layer_import(layer, path)
        assert told(report, "Lat", "swapped; the geometry is right") == list(range(1, 51))
        assert len(told(report, "Kecamatan", "the position wins")) == 16
        assert report["created"] + len(report["rejected"]) == 50
        assert loaded.objects.count() == report["created"]
    assert Place.objects.count() == 50


def test_police_reports_in_feet(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "incidents" / "geoda_SFCrime_July_Dec2012.zip"
    zipfile.ZipFile(path).extractall(tmp_path)
    total = 0
    for name in ("sf_robbery", "sf_vandalism"):
        raw = geopandas.read_file(next(tmp_path.rglob(f"{name}.shp")))
        texts = (
            raw.drop(columns="geometry").astype(str).agg("|".join, axis=1) + raw.geometry.to_wkt()
        )
        report = layer_import("incidents", path, sublayer=name)
        exact = [r["row"] for r in report["rejected"] if "exact duplicate" in r["reason"]]
        assert len(exact) == int(texts.duplicated().sum())
        assert report["created"] == raw.IncidntNum.nunique()
        assert len(report["rejected"]) == len(raw) - raw.IncidntNum.nunique()
        assert report["counts"]["time of day lost"] == raw.IncidntNum.nunique() + (
            len(report["rejected"])
        )
        total += report["created"]
        lonlat = raw.to_crs(4326).geometry
        one = Incident.objects.get(number=str(raw.IncidntNum[5]))
        assert one.geom.x == pytest.approx(lonlat[5].x, abs=1e-7)
        assert one.geom.y == pytest.approx(raw.Y[5], abs=1e-4)
    assert Incident.objects.count() == total
    assert set(Incident.objects.values_list("state", flat=True)) == {"closed"}


def test_an_archive_of_several_shapefiles_is_one_layer(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "incidents" / "geoda_SFCrime_July_Dec2012.zip"
    zipfile.ZipFile(path).extractall(tmp_path)
    events = [p for p in sorted(tmp_path.rglob("sf_*.shp")) if not p.name.startswith(".")]
    raw = pandas.concat([geopandas.read_file(p).drop(columns="geometry") for p in events])
    report = layer_import("incidents", path)
    assert (len(events), report["rows"]) == (4, len(raw)) == (4, 13_472)
    assert report["created"] == Incident.objects.count() == raw.IncidntNum.nunique()
    assert report["created"] + len(report["rejected"]) == len(raw)
    remarks = [w["reason"] for w in report["warnings"] if w["row"] is None]
    assert any("sf_vandalism.shp from the archive: rows" in remark for remark in remarks)
    assert "left out, no points: SFCrime_blocks.shp" in remarks
    with pytest.raises(
        InvalidInput, match=r"no single shapefile named 'x' among .*sf_robbery\.shp"
    ):
        layer_import("incidents", path, sublayer="x")


def test_fire_stations_of_another_city(shared_data: Path) -> None:
    path = shared_data / "cad" / "seattle_wacop_fire_station.csv"
    report = layer_import("stations", path)
    assert report["created"] == sum(1 for _ in csv.DictReader(path.open())) == 35
    assert set(Station.objects.values_list("kind", flat=True)) == {"fire"}
    assert set(Station.objects.values_list("agency__name", flat=True)) == {
        "Seattle Fire Department"
    }
    assert layer_import("stations", path)["unchanged"] == 35


def test_surveillance_cameras_of_openstreetmap(shared_data: Path) -> None:
    path = shared_data / "surveillance" / "osm_surveillance_helsinki_heidelberg.geojson"
    raw = json.loads(path.read_text())["features"]
    report = layer_import("cctv", path)
    assert report["created"] == len(raw) == 229
    directions = [
        f["properties"]["camera:direction"] for f in raw if "camera:direction" in f["properties"]
    ]
    assert Camera.objects.filter(heading_source="stated").count() == len(directions)
    kinds = Counter(f["properties"].get("camera:type") for f in raw)
    assert Camera.objects.filter(kind="ptz").count() == kinds["dome"]


def test_service_requests_become_incidents(shared_data: Path) -> None:
    report = layer_import("incidents", shared_data / "open311" / "chicago_requests_2014.json")
    assert report["created"] + len(report["rejected"]) == 50
    assert report["created"] >= 45
