"""Documents of a plan: the words of the PDF, cells that never run, shapes that a GIS reads back."""

from __future__ import annotations

import base64
import io
import json
import re
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from openpyxl import load_workbook

from layers.coverage.plans import review, services
from layers.coverage.plans.models import Plan
from layers.coverage.plans.selectors import plan_list
from layers.exporters.documents.cartography import spread
from layers.exporters.documents.plan import plan_document
from layers.maps.offline import plan_offline_map
from tests.coverage.plans.conftest import *  # noqa: F403
from tests.coverage.plans.conftest import People, stored_turn
from tests.coverage.plans.test_lifecycle import go
from tests.factories import make_camera

SCRIPT = "</script><script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"


def pdf_words(document: bytes) -> str:
    """Every text a PDF shows, in the order it is drawn; by the format's own rules, no library."""
    found = []
    for body in re.findall(rb"stream\r?\n(.*?)endstream", document, re.S):
        try:
            page = zlib.decompress(base64.a85decode(body.strip().removesuffix(b"~>")))
        except (ValueError, zlib.error):
            continue
        for piece in re.findall(rb"\(((?:\\.|[^()\\])*)\)\s*Tj", page):
            plain = re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1], 8)]), piece)
            found.append(re.sub(rb"\\(.)", rb"\1", plain).decode("cp1252"))
    return " ".join(" ".join(found).split())


@pytest.fixture
def plan(draft: Plan, people: People) -> Plan:
    """A plan with hostile names, one site refused and one moved by the police."""
    Plan.objects.filter(pk=draft.pk).update(name=f"Rencana {SCRIPT} ${{x}}")
    draft.sites.filter(order=1).update(street=FORMULA)
    go(draft, Plan.State.SENT, people.planner, "mohon tinjauan")
    one, two = draft.sites.order_by("order")[:2]
    review.site_refuse(draft.pk, two.pk, version=two.version, reason="di tanah warga", user=people.police)  # fmt: skip
    services.plan_comment(draft.pk, text="=1+1", user=people.police)
    draft.refresh_from_db()
    assert one.standing
    return draft


def test_the_pdf_says_what_the_council_must_know(plan: Plan) -> None:
    with override("id"):
        body, media = plan_document(plan, kind="pdf", user=plan.created_by)
    assert media == "application/pdf"
    assert body.startswith(b"%PDF-")
    words = pdf_words(body)
    for wanted in (
        "Rencana titik kamera baru", SCRIPT, "${x}", "Rp 66.000.000", "dikirim ke kepolisian",
        "di tanah warga", "Tanah dianggap datar dan pohon tidak diketahui", "IEC 62676-4:2014",
        "Kelurahan", "Penghubung Polresta", "lebih dari 33", "9,10 %", "paling banyak 3 titik", "bukan untuk perubahan ini",
    ):  # fmt: skip
        assert wanted in words, wanted
    assert "Proposed sites" not in words
    with override("en"):
        assert "Proposed sites" in pdf_words(
            plan_document(plan, kind="pdf", user=plan.created_by)[0]
        )


def test_the_maps_are_vectors_with_every_site_numbered(plan: Plan) -> None:
    body = plan_document(plan, kind="pdf", user=plan.created_by)[0]
    assert b"/Subtype /Image" not in body
    words = f" {pdf_words(body)} "
    for number in (1, 2, 3):
        assert f" {number} " in words


def test_the_workbook_holds_numbers_as_numbers_and_no_formula(plan: Plan) -> None:
    with override("id"):
        book = load_workbook(io.BytesIO(plan_document(plan, kind="xlsx", user=plan.created_by)[0]))
    assert book.sheetnames == ["Ringkasan", "Titik", "Kamera", "Langkah"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert f"'{FORMULA}" in {cell.value for cell in cells}
    assert "'=1+1" in {cell.value for cell in cells}
    rows = list(book["Titik"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [1, 2, 3]
    assert sum(row[9] for row in rows if row[6] != "ditolak kepolisian") == 66_000_000
    assert len(list(book["Kamera"].iter_rows(min_row=2))) == 3


def test_geojson_and_geopackage_stand_where_the_sites_stand(plan: Plan, tmp_path: Path) -> None:
    told = json.loads(plan_document(plan, kind="geojson", user=plan.created_by)[0])
    spots = {f["properties"]["order"]: f["geometry"]["coordinates"] for f in told["features"]}
    for site in plan.sites.all():
        assert spots[site.order] == pytest.approx([site.geom.x, site.geom.y], abs=1e-8)
    assert told["features"][1]["properties"]["reason"] == "di tanah warga"
    path = tmp_path / "plan.gpkg"
    path.write_bytes(plan_document(plan, kind="gpkg", user=plan.created_by)[0])
    with sqlite3.connect(path) as database:
        counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in ("sites", "cameras")}  # fmt: skip
    database.close()
    assert counts == {"sites": 3, "cameras": 3}


def test_documents_follow_the_rights_of_the_plan(plan: Plan, people: People, client: Any) -> None:
    address = f"/api/v1/planning/plans/{plan.pk}/document/"
    client.force_login(people.police)
    answer = client.get(address + "geojson")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert client.get(address + "exe").status_code == 404
    for who, status in (("agency", 403), ("dispatcher", 403), ("neighbour", 404)):
        client.force_login(getattr(people, who))
        assert client.get(address + "pdf").status_code == status, who


def test_badges_never_cover_one_another() -> None:
    import numpy as np

    spots = np.array([[50.0, 50.0]] * 12 + [[10.0 * i, 90.0] for i in range(10)])
    places = spread(spots, 12.0, 200.0, 200.0)
    offset = places[:, None, :] - places[None, :, :]
    distance = np.hypot(offset[..., 0], offset[..., 1]) + np.eye(len(places)) * 99
    assert distance.min() > 11.0
    far = np.array([[20.0, 20.0], [150.0, 150.0]])
    assert (spread(far, 12.0, 200.0, 200.0) == far).all()


@pytest.mark.parametrize("box", [(112.5, -8.0, 112.7, -7.99), (112.6, -8.1, 112.61, -7.9)])
def test_bounds_are_widened_until_they_fill_the_sheet(
    box: tuple[float, float, float, float],
) -> None:
    import math

    from layers.exporters.documents.ground import fitted

    west, south, east, north = fitted(box, width=300.0, height=200.0)
    assert west <= box[0] < box[2] <= east
    assert south <= box[1] < box[3] <= north
    squeeze = math.cos(math.radians((box[1] + box[3]) / 2))
    assert (east - west) * squeeze / (north - south) == pytest.approx(1.5)


def test_the_workbook_of_the_police_holds_no_comment_on_the_draft(
    draft: Plan, people: People
) -> None:
    services.plan_comment(draft.pk, text="pendapat awal", user=people.planner)
    go(draft, Plan.State.SENT, people.planner, "mohon tinjauan")

    def words(user: Any) -> set[Any]:
        book = load_workbook(io.BytesIO(plan_document(draft, kind="xlsx", user=user)[0]))
        return {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}

    assert "pendapat awal" in words(people.planner)
    assert "pendapat awal" not in words(people.police)
    assert "mohon tinjauan" in words(people.police)


def test_cameras_to_turn_stand_in_pdf_and_workbook_and_in_the_cost(
    draft: Plan, people: People
) -> None:
    camera = make_camera("KAM-7", lon=112.63, lat=-7.98, heading_deg=90.0)
    stored_turn(draft, camera, heading_deg=210.0, gain=1234.0)
    zone = {"type": "Polygon", "coordinates": [[[112.63, -7.98], [112.631, -7.98], [112.631, -7.979], [112.63, -7.98]]]}  # fmt: skip
    draft.parameters |= {"re_aim": True, "forbidden": [zone]}
    draft.status = "cancelled"
    draft.save(update_fields=["parameters", "status"])
    with override("id"):
        words = pdf_words(plan_document(draft, kind="pdf", user=people.planner)[0])
        book = load_workbook(io.BytesIO(plan_document(draft, kind="xlsx", user=people.planner)[0]))
    for wanted in ("Kamera yang diputar", "KAM-7", "90°", "210°", "1.234", "Rp 99.500.000", "dihentikan lebih awal"):  # fmt: skip
        assert wanted in words, wanted
    sheet = book["Kamera yang diputar"]
    assert [cell.value for cell in sheet[2]] == ["KAM-7", 90, 210, None, 1234, 500_000, 112.63, -7.98, "belum ditinjau", None]  # fmt: skip
    assert ("Pembelian (Rp)", 99_500_000) in {(row[0].value, row[1].value) for row in book["Ringkasan"].iter_rows()}  # fmt: skip
    listed = plan_list(user=people.planner)[0]
    assert (listed["cost_idr"], listed["gain"]) == (99_500_000, 30.0 + 1234.0)


def test_cameras_to_turn_stand_in_every_file(draft: Plan, people: People, tmp_path: Path) -> None:
    stored_turn(draft, make_camera("KAM-7", lon=112.63, lat=-7.98, heading_deg=90.0), heading_deg=210.0)  # fmt: skip
    told = json.loads(plan_document(draft, kind="geojson", user=people.planner)[0])
    assert [one["properties"]["part"] for one in told["features"]] == ["site"] * 3 + ["turned"]
    row = told["features"][3]
    assert row["geometry"]["coordinates"] == pytest.approx([112.63, -7.98])
    assert [row["properties"][name] for name in ("code", "from_heading_deg", "heading_deg")] == ["KAM-7", 90, 210]  # fmt: skip
    assert told["features"][0]["properties"]["code"] is None
    path = tmp_path / "plan.gpkg"
    path.write_bytes(plan_document(draft, kind="gpkg", user=people.planner)[0])
    with sqlite3.connect(path) as db:
        assert db.execute("select code, heading_deg from turned").fetchall() == [("KAM-7", 210.0)]
        assert db.execute("select count(*) from sites").fetchone() == (3,)
    page = plan_offline_map(draft)
    assert '"code": "KAM-7"' in page or '"code":"KAM-7"' in page
