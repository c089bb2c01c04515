"""Files built to reach out, to escape or to exhaust are refused at once, and nothing is read."""

from __future__ import annotations

import contextlib
import http.server
import json
import math
import os
import resource
import socket
import sqlite3
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyogrio
import pytest
from openpyxl import Workbook

from layers.errors import HostileInput, InvalidInput, NccError
from layers.importers.files.opening import table_from_file
from layers.importers.judging.columns import Mapping
from layers.importers.judging.positions import geometries_from_table
from layers.importers.judging.report import Report
from tests.importers.files import archive, geojson, point, square


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A web server that notes every request; a refused file causes none."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"EPSG:4326")

        def log_message(self, *args: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def refused(
    path: Path | str, kind: type[NccError] = HostileInput, within_s: float = 1.0
) -> NccError:
    """Reads the file, which must be refused in time and without taking memory."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, cpu = time.monotonic(), time.process_time()
    with pytest.raises(kind) as raised:
        table_from_file(path)
    # Processor time, so that a busy machine does not fail the test; the clock still catches a wait.
    assert time.process_time() - cpu < within_s
    assert time.monotonic() - started < 10 * within_s
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 60_000
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_vrt_renamed_geojson_is_refused(tmp_path: Path) -> None:
    secret = geojson(tmp_path / "secret.geojson", [({"name": "secret"}, point(1, 2))])
    disguised = tmp_path / "vrt.geojson"
    disguised.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{secret}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    refused(disguised)
    # And without our own look at the content GDAL does not know the driver either.
    with pytest.raises(pyogrio.errors.DataSourceError):
        pyogrio.raw.read(str(disguised))


@pytest.mark.parametrize("key", ['"crs"', '"\\u0063rs"', '"cr\\u0073"'])
def test_a_crs_link_is_refused_and_never_fetched(
    tmp_path: Path, listener: tuple[str, list[str]], key: str
) -> None:
    address, seen = listener
    path = tmp_path / "link.geojson"
    path.write_text(
        f'{{"type":"FeatureCollection",{key} : {{"type":"link","properties":'
        f'{{"href":"{address}/crs","type":"ogcwkt"}}}},"features":[]}}'
    )
    refused(path)
    assert seen == []


def test_a_crs_member_that_only_names_a_system_is_read(tmp_path: Path) -> None:
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32749"}}
    path = geojson(
        tmp_path / "utm.geojson", [({"crs": "a column"}, point(679_000, 9_118_000))], crs=named
    )
    (row,) = table_from_file(path).rows
    assert row.geometry.x == pytest.approx(112.6249, abs=1e-3)
    assert row.values["crs"] == "a column"


def test_kml_entities_are_refused(tmp_path: Path, listener: tuple[str, list[str]]) -> None:
    address, seen = listener
    path = tmp_path / "entity.kml"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "{address}/x">]>'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&x;</name></Placemark></kml>'
    )
    refused(path)
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    path.write_text(f'<!DOCTYPE kml [<!ENTITY l0 "ha">{laughs}]><kml>&l11;</kml>')
    refused(path)
    assert seen == []


def test_kml_network_links_are_not_followed(
    tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    address, seen = listener
    path = tmp_path / "linked.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link>'
        f"<href>{address}/more.kml</href></Link></NetworkLink><Placemark><name>a</name><Point>"
        "<coordinates>112.6,-7.9,0</coordinates></Point></Placemark></Document></kml>"
    )
    (row,) = table_from_file(path).rows
    assert (row.geometry.x, row.geometry.y, row.values["name"]) == (112.6, -7.9, "a")
    assert seen == []


@pytest.mark.parametrize(
    "name", ["../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "..\\evil.shp"]
)
def test_archive_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    refused(archive(tmp_path / "a.zip", {name: b"x", "ok.dbf": b"x"}))


def test_an_archive_of_ten_thousand_files_is_refused(tmp_path: Path) -> None:
    refused(archive(tmp_path / "many.zip", {f"f{i}.txt": b"" for i in range(10_000)}))


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    refused(archive(tmp_path / "bomb.zip", {"layer.shp": bytes(40_000_000)}))


def test_a_small_workbook_that_unpacks_to_half_a_gigabyte_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"] = "lon"
    plain = tmp_path / "plain.xlsx"
    book.save(plain)
    heavy = tmp_path / "heavy.xlsx"
    block = b'<row><c t="n"><v>1</v></c></row>' * 32_768
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(heavy, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            if member.filename != "xl/worksheets/sheet1.xml":
                target.writestr(member, source.read(member))
        with target.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(470):
                sheet.write(block)
    assert heavy.stat().st_size < 4_000_000
    refused(heavy)


def test_a_workbook_with_a_lying_dimension_is_read_at_once(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["lon", "lat", "name"])
    book.active.append([112.6, -7.9, "a"])
    plain, lying = tmp_path / "plain.xlsx", tmp_path / "lying.xlsx"
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(lying, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')
                assert b"XFD1048576" in content
            target.writestr(member, content)
    started = time.process_time()
    assert [row.values["name"] for row in table_from_file(lying).rows] == ["a"]
    assert time.process_time() - started < 2


def test_a_bow_tie_of_a_thousand_points_is_rejected_in_a_moment(tmp_path: Path) -> None:
    ring = [
        [112.6 + 0.01 * math.sin(i * 2.4), -7.9 + 0.01 * math.cos(i * 3.7)] for i in range(1_000)
    ]
    path = geojson(
        tmp_path / "bow.geojson", [({}, {"type": "Polygon", "coordinates": [[*ring, ring[0]]]})]
    )
    for repair in (False, True):
        started = time.process_time()
        report = Report()
        geometries = geometries_from_table(
            table_from_file(path), Mapping(), shape="polygon", required=True, crs="", repair=repair,
            near=None, report=report,
        )  # fmt: skip
        assert time.process_time() - started < 1
        assert geometries == [None]
        assert report.rejected[0]["row"] == 1
        assert "invalid geometry" in report.rejected[0]["reason"]


def test_a_small_bow_tie_is_mended_on_request_only(tmp_path: Path) -> None:
    ring = [[0, 0], [0.01, 0.01], [0.01, 0], [0, 0.01], [0, 0]]
    path = geojson(tmp_path / "bow.geojson", [({}, {"type": "Polygon", "coordinates": [ring]})])
    table = table_from_file(path)
    shape = {"shape": "polygon", "required": True, "crs": "", "near": None}
    refused_report, mended_report = Report(), Report()
    assert geometries_from_table(
        table, Mapping(), repair=False, report=refused_report, **shape
    ) == [None]
    (mended,) = geometries_from_table(table, Mapping(), repair=True, report=mended_report, **shape)
    assert mended.is_valid
    assert mended.area == pytest.approx(2 * 0.01 * 0.005 / 2)
    assert [w["reason"] for w in mended_report.warnings] == ["the invalid geometry was repaired"]


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"a":' * 200_000 + "1" + "}" * 200_000)
    refused(path, InvalidInput)
    path = tmp_path / "deep.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[' + "[" * 200_000 + "]" * 200_000 + "]}"
    )
    refused(path, InvalidInput)


def test_a_geopackage_whose_layer_is_a_query_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "view.gpkg"
    shapes = geojson(tmp_path / "s.geojson", [({"a": 1}, square(112.6, -7.9))])
    meta, _, geometry, data = pyogrio.raw.read(str(shapes))
    pyogrio.raw.write(
        str(path), geometry, data, meta["fields"], driver="GPKG", layer="t", geometry_type="Polygon",
        crs="EPSG:4326",
    )  # fmt: skip
    assert len(table_from_file(path).rows) == 1
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE VIEW v AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) "
            "SELECT fid, NULL AS geom FROM n"
        )
        connection.execute("UPDATE gpkg_contents SET table_name = 'v' WHERE table_name = 't'")
    connection.close()
    refused(path)


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1:1/x.geojson",
        "/vsizip/x.zip",
        "http://127.0.0.1/x.csv",
        "file:///x.csv",
    ],
)
def test_paths_that_reach_elsewhere_are_refused(path: str) -> None:
    refused(path)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty.csv").write_text("")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s.csv"))
    for name in ("pipe.csv", "folder.csv", "empty.csv", "absent.csv"):
        refused(tmp_path / name, InvalidInput)
    refused(tmp_path / "s.csv", InvalidInput)
    server.close()


def test_too_large_a_file_is_refused(tmp_path: Path, settings: object) -> None:
    settings.NCC_IMPORT_MAX_BYTES = 1_000  # type: ignore[attr-defined]
    path = tmp_path / "large.csv"
    path.write_text("lon,lat\n" + "1,2\n" * 1_000)
    refused(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"PK\x03\x04rest"),
        ("a.csv", b"\x7fELF\x00\x00"),
        ("a.kml", b"<html></html>"),
        ("a.gpkg", b"SQLite format 3\x00" + bytes(100)),
        ("a.geojson", b"lon,lat\n1,2\n"),
        ("a.xlsx", b"lon,lat\n1,2\n"),
    ],
)
def test_content_must_be_what_the_name_says(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, InvalidInput)


def test_a_projection_part_that_asks_for_a_grid_file_is_refused(tmp_path: Path) -> None:
    wkt = 'PROJCS["x",EXTENSION["PROJ4","+proj=utm +zone=49 +nadgrids=/etc/passwd"]]'
    parts = {"a.shp": b"x", "a.shx": b"x", "a.dbf": b"x", "a.prj": wkt.encode()}
    refused(archive(tmp_path / "a.zip", parts))


def test_random_bytes_never_crash(tmp_path: Path) -> None:
    import random

    source = random.Random(7)
    valid = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {},
                        "geometry": point(1, 2)}]}).encode()  # fmt: skip
    for number in range(150):
        broken = bytearray(valid)
        for _ in range(source.randint(1, 8)):
            broken[source.randrange(len(broken))] = source.randrange(256)
        extension = source.choice(["geojson", "json", "csv", "kml", "zip", "gpkg", "xlsx"])
        path = tmp_path / f"{number}.{extension}"
        path.write_bytes(bytes(broken))
        with contextlib.suppress(NccError):
            table_from_file(path)
