"""A plan as a file: PDF for the council, XLSX, GeoJSON, GeoPackage."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from layers.coverage.plans.models import Plan
from layers.coverage.plans.selectors import plan_figures, plan_sites_of, steps_seen
from layers.coverage.plans.turns import turn_rows
from layers.errors import NotFound
from layers.exporters.documents.plan_pdf import plan_pdf
from layers.exporters.documents.plan_words import SEARCH_ENDED
from layers.exporters.formats import spreadsheet_text, write_geojson, write_geopackage
from layers.exporters.services import Sheet

MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
_SITE_COLUMNS = (
    "order", "street", "area", "area_name", "source", "requester", "review", "reason", "gain",
    "cost_idr", "yearly_cost_idr", "built_code",
)  # fmt: skip
_TURN_COLUMNS = (
    "order", "code", "from_heading_deg", "heading_deg", "model", "gain", "cost_idr", "review", "reason",
)  # fmt: skip
_CAMERA_COLUMNS = ("model", "heading_deg", "fov_deg", "mount_height_m", "yearly_cost_idr")


def plan_document(plan: Plan, *, kind: str, user: Any) -> tuple[bytes, str]:
    """The plan as bytes for a reader, with their media type; `NotFound` for a kind there is not."""
    if kind not in MEDIA:
        raise NotFound(
            f"no document of kind {kind!r}", value=kind, remedy=f"choose one of {', '.join(MEDIA)}"
        )
    if kind == "pdf":
        return plan_pdf(plan), MEDIA[kind]
    if kind == "xlsx":
        return plan_workbook(plan, user=user), MEDIA[kind]
    sites = plan_sites_of(plan)
    with tempfile.TemporaryDirectory(prefix="ncc-plan-") as folder:
        path = Path(folder) / f"plan.{kind}"
        if kind == "geojson":
            write_geojson(whole_sheet(sites, turn_rows(plan)), path)
        else:
            write_geopackage(site_sheet(sites), path)
            write_geopackage(camera_sheet(sites), path)
            write_geopackage(turn_sheet(turn_rows(plan)), path)
        return path.read_bytes(), MEDIA[kind]


def site_sheet(sites: list[dict[str, Any]]) -> Sheet:
    """Sites as points, with the number of cameras and where they look."""
    rows = [
        [
            *(site[name] for name in _SITE_COLUMNS),
            len(site["cameras"]),
            ", ".join(f"{c['model']} {c['heading_deg']:.0f}°" for c in site["cameras"]),
            site["confirmed_at"].isoformat() if site["confirmed_at"] else None,
        ]
        for site in sites
    ]
    headers = [*_SITE_COLUMNS, "camera_count", "cameras", "confirmed_at"]
    places = [shapely.Point(site["lon"], site["lat"]) for site in sites]
    return Sheet("sites", headers, _columns(rows, headers), np.array(places, dtype=object), "Point")


def camera_sheet(sites: list[dict[str, Any]]) -> Sheet:
    """Cameras as points at their site."""
    pairs = [(site, camera) for site in sites for camera in site["cameras"]]
    headers = ["site_order", *_CAMERA_COLUMNS]
    rows = [[site["order"], *(camera[name] for name in _CAMERA_COLUMNS)] for site, camera in pairs]
    places = [shapely.Point(site["lon"], site["lat"]) for site, _camera in pairs]
    return Sheet("cameras", headers, _columns(rows, headers), np.array(places, dtype=object), "Point")  # fmt: skip


def turn_sheet(turns: list[dict[str, Any]]) -> Sheet:
    """Existing cameras to turn or replace, as points where they hang; headings from true north."""
    headers = [*_TURN_COLUMNS, "done_at"]
    rows = [
        [*(turn[name] for name in _TURN_COLUMNS), turn["done_at"].isoformat() if turn["done_at"] else None]
        for turn in turns
    ]  # fmt: skip
    places = [shapely.Point(turn["lon"], turn["lat"]) for turn in turns]
    return Sheet("turned", headers, _columns(rows, headers), np.array(places, dtype=object), "Point")  # fmt: skip


def whole_sheet(sites: list[dict[str, Any]], turns: list[dict[str, Any]]) -> Sheet:
    """Sites and turned cameras in one layer, told apart by `part`, for a format that has no more."""
    parts = [("site", site_sheet(sites)), ("turned", turn_sheet(turns))] if turns else [("site", site_sheet(sites))]  # fmt: skip
    headers = ["part", *dict.fromkeys(name for _part, sheet in parts for name in sheet.headers)]
    columns: list[list[Any]] = [[] for _ in headers]
    for part, sheet in parts:
        own = dict(zip(sheet.headers, sheet.columns, strict=True))
        for column, name in zip(columns, headers, strict=True):
            column += [part] * len(sheet.geometries) if name == "part" else own.get(name, [None] * len(sheet.geometries))  # fmt: skip
    places = np.concatenate([sheet.geometries for _part, sheet in parts])
    return Sheet("plan", headers, columns, places, "Point")


def _columns(rows: list[list[Any]], headers: list[str]) -> list[list[Any]]:
    return [[row[i] for row in rows] for i in range(len(headers))]


def plan_workbook(plan: Plan, *, user: Any) -> bytes:
    """A workbook: summary, sites, cameras, cameras to turn, steps the reader may see. Text never runs as a formula."""
    sites = plan_sites_of(plan)
    figures = plan_figures(plan, sites)
    proposed = figures["proposed"]
    book = Workbook(write_only=True)
    _page(
        book, _("Summary"), [_("What"), _("Value")],
        [
            [_("Plan"), str(plan)], [_("Number"), plan.pk], [_("State"), str(plan.get_state_display())],
            [_("Area"), plan.area.name if plan.area else ""], [_("Image quality"), _(plan.level)],
            [_("Sites"), figures["standing"]], [_("Cameras"), figures["cameras"]],
            [_("Purchase (Rp)"), figures["cost_idr"]], [_("A year (Rp)"), figures["yearly_cost_idr"]],
            [_("Demand"), plan.demand], [_("Demand seen before"), plan.covered_before],
            [_("Gain"), figures["gain"]], [_("Gain as proposed"), proposed["objective"]],
            [_("Proven upper bound"), proposed["bound"]], [_("Gap"), proposed["gap"]],
            [_("Search"), str(SEARCH_ENDED.get(proposed["status"], ""))],
            [_("Assumed"), _("Ground taken as flat, trees not known.")],
        ],
    )  # fmt: skip
    _page(
        book, _("Sites"),
        [_("No"), _("Street"), _("Code of the area"), _("Kelurahan"), _("Proposed by"), _("Requester"), _("Review"), _("Reason"), _("Gain"), _("Purchase (Rp)"), _("A year (Rp)"), _("Code in the inventory"), _("Cameras"), _("Longitude"), _("Latitude")],
        [
            [
                site["order"], site["street"], site["area"], site["area_name"], str(site["source_name"]), site["requester"],
                str(site["review_name"]), site["reason"], site["gain"], site["cost_idr"], site["yearly_cost_idr"], site["built_code"],
                len(site["cameras"]), site["lon"], site["lat"],
            ]
            for site in sites
        ],
    )  # fmt: skip
    _page(
        book, _("Cameras"),
        [_("No"), _("Model"), _("Heading (°)"), _("Field of view (°)"), _("Height (m)")],
        [[site["order"], c["model"], c["heading_deg"], c["fov_deg"], c["mount_height_m"]] for site in sites for c in site["cameras"]],
    )  # fmt: skip
    turned = turn_rows(plan)
    if turned:
        _page(
            book, _("Cameras to turn"),
            [_("Camera"), _("Heading now (°)"), _("New heading (°)"), _("New model"), _("Gain"), _("Purchase (Rp)"), _("Longitude"), _("Latitude"), _("Review"), _("Reason")],
            [
                [row["code"], row["from_heading_deg"], row["heading_deg"], row["model"], row["gain"], row["cost_idr"], row["lon"], row["lat"], row["review_name"], row["reason"]]
                for row in turned
            ],
        )  # fmt: skip
    _page(
        book, _("Steps"), [_("When"), _("Who"), _("What"), _("Site"), _("Reason")],
        [
            [step.at.isoformat(timespec="seconds"), step.author_name, str(step.get_kind_display()), step.site.order if step.site else step.details.get("camera"), step.text]
            for step in steps_seen(plan, user=user)
        ],
    )  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _page(book: Workbook, title: str, headers: list[str], rows: Iterable[list[Any]]) -> None:
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number in range(len(headers)):
        sheet.column_dimensions[chr(65 + number)].width = 22
    cells = [WriteOnlyCell(sheet, value=header) for header in headers]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub(" ", v) if isinstance(v, str) else v for v in map(spreadsheet_text, row)])  # fmt: skip
