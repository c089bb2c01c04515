"""Every format is read into the same rows; broken values never break the reader."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from layers.errors import InvalidInput
from layers.importers.files.opening import table_from_file
from layers.importers.judging.columns import mapping_from_table
from layers.importers.judging.records import records_from_table, storable
from layers.importers.judging.report import Report
from layers.importers.judging.surroundings import warn_about_pairs
from layers.importers.kinds.registry import LAYERS
from tests.importers.files import archive, geojson, point, table

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def frame() -> geopandas.GeoDataFrame:
    shapes = [shapely.Point(112.63, -7.98, 5), shapely.Point(112.64, -7.97, 6)]
    return geopandas.GeoDataFrame(
        {"name": ["a", "b"], "reach": [1.5, None]}, geometry=shapes, crs=4326
    )


def coordinates(path: Path, **options: Any) -> Any:
    return shapely.get_coordinates([row.geometry for row in table_from_file(path, **options).rows])


def test_a_compound_system_with_heights_loses_only_the_heights(
    frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.set_crs(9518, allow_override=True).to_file(tmp_path / "a.gpkg", layer="Lapisan Satu")
    read = table_from_file(tmp_path / "a.gpkg")
    assert read.remarks == ["heights (Z) of the geometries were left out"]
    assert not any(row.geometry.has_z for row in read.rows)
    assert coordinates(tmp_path / "a.gpkg") == pytest.approx(
        np.array([[112.63, -7.98], [112.64, -7.97]])
    )


def test_feet_become_degrees(frame: geopandas.GeoDataFrame, tmp_path: Path) -> None:
    american = geopandas.GeoDataFrame(
        {"name": ["x"]}, geometry=[shapely.Point(-122.4535, 37.7132)], crs=4326
    ).to_crs(2227)
    assert american.geometry[0].x > 5_000_000
    american.to_file(tmp_path / "a.geojson", engine="pyogrio")
    assert coordinates(tmp_path / "a.geojson") == pytest.approx(
        np.array([[-122.4535, 37.7132]]), abs=1e-7
    )


def test_a_shapefile_without_projection_needs_one_given(
    frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_crs(32749).to_file(tmp_path / "a.shp")
    parts = {path.name: path.read_bytes() for path in tmp_path.glob("a.*")}
    del parts["a.prj"]
    bare = archive(
        tmp_path / "bare.zip", {**parts, "__MACOSX/._a.shp": b"junk", "x/.DS_Store": b"junk"}
    )
    with pytest.raises(InvalidInput, match=r"no \.prj part.*--crs EPSG"):
        table_from_file(bare)
    assert coordinates(bare, crs="EPSG:32749") == pytest.approx(
        np.array([[112.63, -7.98], [112.64, -7.97]]), abs=1e-7
    )
    del parts["a.dbf"]
    with pytest.raises(InvalidInput, match=r"no \.dbf part"):
        table_from_file(archive(tmp_path / "part.zip", parts), crs="EPSG:32749")


def test_several_layers_are_named_and_chosen(frame: geopandas.GeoDataFrame, tmp_path: Path) -> None:
    for name in ("satu", "dua"):
        frame.to_file(tmp_path / "a.gpkg", layer=name)
        frame.to_file(tmp_path / f"{name}.shp")
    with pytest.raises(InvalidInput, match=r"satu, dua.*--sublayer"):
        table_from_file(tmp_path / "a.gpkg")
    assert len(table_from_file(tmp_path / "a.gpkg", sublayer="DUA").rows) == 2
    parts = {
        f"in side/{p.name}": p.read_bytes() for p in tmp_path.iterdir() if p.stem in {"satu", "dua"}
    }
    both = archive(tmp_path / "both.zip", parts)
    with pytest.raises(InvalidInput, match=r"dua\.shp, satu\.shp"):
        table_from_file(both)
    assert len(table_from_file(f"{both}/in side/dua.shp").rows) == 2


def test_kml_shapes_and_data(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><Placemark>'
        "<name> Pos 1 </name><ExtendedData><Data name='jenis'><value>Damkar</value></Data>"
        "<SchemaData><SimpleData name='no'>7</SimpleData></SchemaData></ExtendedData>"
        "<Point><coordinates>112.63,-7.98,12</coordinates></Point></Placemark><Placemark><MultiGeometry>"
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 4,0 4,4 0,4 0,0</coordinates></LinearRing>"
        "</outerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,2 1,1</coordinates>"
        "</LinearRing></innerBoundaryIs></Polygon><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        "5,5 6,5 6,6 5,5</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark>"
        "<Placemark><Point><coordinates>x,y</coordinates></Point></Placemark></Folder></Document></kml>"
    )
    rows = table_from_file(path).rows
    assert rows[0].values == {"name": "Pos 1", "jenis": "Damkar", "no": "7"}
    assert rows[0].geometry.coords[0] == (112.63, -7.98)
    assert rows[1].geometry.geom_type == "MultiPolygon"
    assert rows[1].geometry.area == 16 - 1 + 0.5
    assert rows[2].fault == "the geometry cannot be read"


def test_workbooks_read_the_first_sheet_with_rows(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.create_sheet("Data")
    sheet.append([])
    sheet.append(["Nama", "Bujur", None, "Bujur"])
    sheet.append(["a", 112.5, "x", 1])
    sheet.append([])
    sheet.append(["b", 112.6])
    book.save(tmp_path / "a.xlsx")
    read = table_from_file(tmp_path / "a.xlsx")
    assert read.columns == ["Nama", "Bujur", "column 3", "Bujur (2)"]
    assert [(row.number, row.values["Nama"]) for row in read.rows] == [(1, "a"), (2, "b")]


def test_geojson_keeps_nested_and_dated_values(tmp_path: Path) -> None:
    properties = {
        "a": {"b": [1, 2]},
        "at": "2020-01-21 13:19:22",
        "n": None,
        "flag": True,
        "id24": "0" * 24,
    }
    read = table_from_file(geojson(tmp_path / "a.geojson", [(properties, point(1, 2)), ({}, None)]))
    assert read.rows[0].values == properties
    assert read.rows[1].geometry is None


def test_headers_serve_once_and_names_win_over_synonyms(tmp_path: Path) -> None:
    rows = [
        {"id": "7", "code": "C", "Kode": "K", "LONGITUDE (°)": "1", "lat.": "2", "Nama Lokasi": "n"}
    ]
    read = table_from_file(table(tmp_path / "a.csv", rows))
    mapping = mapping_from_table(read, LAYERS["wifi"].columns, positions=True, districts=True)
    assert mapping.headers == {"code": "code", "name": "Nama Lokasi"}
    assert (mapping.lon, mapping.lat) == ("LONGITUDE (°)", "lat.")
    assert mapping.unknown == ["id", "Kode"]


def test_pairs_are_found_anywhere_on_earth() -> None:
    rng = np.random.default_rng(3)
    points = []
    for lon, lat in ((24.9, 60.2), (8.7, 49.4), (112.6, -8.0), (-179.99995, 10.0), (0.0, 89.0)):
        offsets = rng.uniform(-3e-4, 3e-4, (40, 2))
        points += [shapely.Point(lon + dx, lat + dy) for dx, dy in offsets]
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    expected = {
        (i + 1, j + 1)
        for i in range(len(points))
        for j in range(i)
        if geod.inv(points[i].x, points[i].y, points[j].x, points[j].y)[2] < 15
    }
    report = Report()
    warn_about_pairs([(i + 1, "", p, "") for i, p in enumerate(points)], within_m=15, report=report)
    found = {(w["row"], int(w["reason"].split("row ")[1].split()[0])) for w in report.warnings}
    assert found == expected
    assert len(expected) > 20


def test_a_crowd_on_one_spot_is_counted_not_listed() -> None:
    report = Report()
    crowd = [(i + 1, "", shapely.Point(112.6, -7.9), "") for i in range(2_000)]
    warn_about_pairs(crowd, within_m=15, report=report)
    assert len(report.warnings) == 1
    assert report.counts["pair under 15 m"] == 2_000 * 1_999 // 2


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        ["2024-01-05 08:00", "31/31/2024", "9999-12-31T23:59:59-14:00", "1e999", "-", "112,63", "\x00", "\ud800"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(value=ANYTHING | st.just(10**400))
def test_every_reader_reads_or_raises_value_error(value: Any) -> None:
    for layer in LAYERS.values():
        for column in layer.columns:
            with contextlib.suppress(ValueError):
                column.read(value)
    json.dumps(storable(value), allow_nan=False).encode()


@settings(max_examples=40, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(["number", "type", "reported_at", "closed_at", "x", "callsign"]), ANYTHING
    )
)
def test_any_row_becomes_a_record_or_a_rejection(values: dict[str, Any]) -> None:
    from layers.importers.files.table import SourceRow, SourceTable

    source = SourceTable(list(values), [SourceRow(1, values)], file_format="json")
    for name in ("incidents", "units", "places"):
        layer, report = LAYERS[name], Report()
        mapping = mapping_from_table(source, layer.columns, positions=True, districts=True)
        if any(c.required and c.name not in mapping.headers for c in layer.columns):
            continue
        records = records_from_table(
            source, layer, mapping, [shapely.Point(1, 2)], key_header="", report=report
        )
        assert bool(records) != bool(report.rejected)
