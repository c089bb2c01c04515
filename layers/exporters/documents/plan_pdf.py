"""The plan as a PDF for the council: summary, maps, sites, costs, method and its limits, history."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import shapely
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from layers.coverage.plans.models import Plan, StepKind
from layers.coverage.plans.selectors import plan_figures, plan_sites_of
from layers.coverage.plans.turns import turn_rows
from layers.exporters.documents.cartography import SITE_INK, MapSheet, Mark, page_text
from layers.exporters.documents.ground import (
    SMALL,
    bounds_of_plan,
    bounds_of_points,
    fitted,
    outlines_in,
    padded,
    streets_in,
)
from layers.exporters.documents.plan_words import (
    assumed_lines,
    method_lines,
    rupiah,
    share,
    whole,
)
from layers.places.models import Area

_INK = HexColor("#16202a")
_SOFT = HexColor("#56646f")
_LINE = HexColor("#c9d1d8")
_BAND = HexColor("#0a5c53")
_WIDTH = A4[0] - 36 * mm

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.4, leading=13, textColor=_INK, spaceAfter=4)  # fmt: skip
SMALL_TEXT = ParagraphStyle("small", parent=BODY, fontSize=7.6, leading=9.8, spaceAfter=0)
NUMBER = ParagraphStyle("number", parent=SMALL_TEXT, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", parent=BODY, fontName="Helvetica-Bold", fontSize=13, leading=16, spaceBefore=8, spaceAfter=5)  # fmt: skip
TITLE = ParagraphStyle("title", parent=BODY, fontName="Helvetica-Bold", fontSize=20, leading=24, spaceAfter=2)  # fmt: skip
LABEL = ParagraphStyle("label", parent=SMALL_TEXT, textColor=_SOFT, fontSize=7.2)
FIGURE = ParagraphStyle("figure", parent=BODY, fontName="Helvetica-Bold", fontSize=12, leading=15, spaceAfter=0)  # fmt: skip


def text(value: Any, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of text that somebody entered: never markup."""
    return Paragraph(escape(page_text(value)), style)


def plan_pdf(plan: Plan) -> bytes:
    """The document as bytes, in the active language."""
    sites = plan_sites_of(plan)
    figures = plan_figures(plan, sites)
    story: list[Any] = [
        *_front(plan, figures),
        _overview(plan, sites),
        Spacer(1, 4),
        _legend(),
        PageBreak(),
        text(_("Proposed sites"), HEAD),
        _site_table(sites),
        *_turned(plan),
        *_by_area(sites),
        *_details(plan, sites),
        PageBreak(),
        *_method(plan, figures),
        *_history(plan),
    ]
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=17 * mm, bottomMargin=17 * mm,
        title=page_text(str(plan)), author="NCC Geo", subject=_("Plan of new camera sites"),
        lang=(get_language() or "id")[:2],
    )  # fmt: skip
    frame = Frame(
        document.leftMargin, document.bottomMargin, document.width, document.height,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=_footer(plan))])
    document.build(story)
    return buffer.getvalue()


def _footer(plan: Plan) -> Callable[[Any, Any], None]:
    printed = timezone.localtime().strftime("%d-%m-%Y %H:%M")
    left = page_text(f"{plan} · {plan.get_state_display()}")[:90]

    def draw(page: Any, document: Any) -> None:
        page.saveState()
        page.setFillColor(_BAND)
        page.rect(0, A4[1] - 6 * mm, A4[0], 6 * mm, stroke=0, fill=1)
        page.setStrokeColor(_LINE)
        page.line(18 * mm, 13 * mm, A4[0] - 18 * mm, 13 * mm)
        page.setFillColor(_SOFT)
        page.setFont("Helvetica", 7.5)
        page.drawString(18 * mm, 9 * mm, left)
        right = page_text(_("printed {time} · page {n}").format(time=printed, n=document.page))
        page.drawRightString(A4[0] - 18 * mm, 9 * mm, right)
        page.restoreState()

    return draw


def _city() -> str:
    return Area.objects.filter(level=Area.Level.CITY).order_by("pk").values_list("name", flat=True).first() or ""  # fmt: skip


def _front(plan: Plan, figures: dict[str, Any]) -> list[Any]:
    """Title, the state of the plan, one paragraph, and the figures that decide."""
    seen_after = plan.covered_before + figures["gain"]
    told = _(
        "This plan proposes {sites} sites with {cameras} cameras. It costs {cost} to buy and {yearly} a year to run. Of the demand for cameras, the share that is seen rises from {before} to {after}."
    ).format(
        sites=whole(figures["standing"]), cameras=whole(figures["cameras"]), cost=rupiah(figures["cost_idr"]),
        yearly=rupiah(figures["yearly_cost_idr"]), before=share(plan.covered_before, plan.demand),
        after=share(seen_after, plan.demand),
    )  # fmt: skip
    where = plan.area.name if plan.area else _city()
    cells = [
        (_("Sites"), whole(figures["standing"])),
        (_("Cameras"), whole(figures["cameras"])),
        (_("Purchase"), rupiah(figures["cost_idr"])),
        (_("A year"), rupiah(figures["yearly_cost_idr"])),
        (_("Demand seen before"), share(plan.covered_before, plan.demand)),
        (_("Demand seen after"), share(seen_after, plan.demand)),
        (_("State"), plan.get_state_display()),
        (_("Image quality"), _(plan.level)),
    ]
    boxes = [[text(label, LABEL), text(value, FIGURE)] for label, value in cells]
    table = Table([boxes[:4], boxes[4:]], colWidths=[_WIDTH / 4] * 4)
    table.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 0.6, _LINE), ("INNERGRID", (0, 0), (-1, -1), 0.6, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )  # fmt: skip
    made = timezone.localtime(plan.created_at).strftime("%d-%m-%Y")
    return [
        text(str(plan), TITLE),
        text(" · ".join(part for part in (_("Plan of new camera sites"), where, _("plan {n}, made {date}").format(n=plan.pk, date=made)) if part), ParagraphStyle("sub", parent=BODY, textColor=_SOFT)),
        text(told),
        *([text(_("It also turns or replaces {n} cameras that hang already; that is in the cost.").format(n=whole(figures["turned_cameras"])))] if figures["turned_cameras"] else []),
        Spacer(1, 3),
        table,
        Spacer(1, 7),
    ]  # fmt: skip


def _marks(sites: list[dict[str, Any]]) -> list[Mark]:
    return [
        Mark(
            site["order"], site["lon"], site["lat"],
            "out" if not site["standing"] else "moved" if site["moved_from"] else "standing",
            tuple((camera["heading_deg"], camera["fov_deg"]) for camera in site["cameras"]),
            tuple(site["moved_from"]) if site["moved_from"] and site["standing"] else None,
        )
        for site in sites
    ]  # fmt: skip


def _forbidden(plan: Plan) -> list[Any]:
    return [shapely.from_geojson(json.dumps(shape)) for shape in plan.parameters.get("forbidden", [])]  # fmt: skip


def _overview(plan: Plan, sites: list[dict[str, Any]]) -> MapSheet:
    bounds = fitted(bounds_of_plan(plan), width=_WIDTH, height=186 * mm)
    return MapSheet(
        width=_WIDTH, height=186 * mm, bounds=bounds,
        outlines=outlines_in(bounds, levels=("kecamatan", "kelurahan"), tolerance_deg=0.0001),
        streets=streets_in(bounds, most_rank=SMALL if plan.area else 3, tolerance_deg=0.00005),
        marks=_marks(sites), north=pgettext("compass", "N"), forbidden=_forbidden(plan), badge_pt=4.6,
    )  # fmt: skip


def _legend() -> Table:
    words = (
        ("standing", _("proposed site, where it was proposed")),
        ("moved", _("site moved in the review; the dotted line leads to the old place")),
        ("out", _("refused or taken out (crossed)")),
    )
    cells = [Paragraph(f'<font color="#{SITE_INK[kind].hexval()[2:]}" size="11">{"X" if kind == "out" else "&bull;"}</font> {escape(page_text(word))}', SMALL_TEXT) for kind, word in words]  # fmt: skip
    return Table([cells], colWidths=[_WIDTH / 3] * 3, style=[("LEFTPADDING", (0, 0), (-1, -1), 2), ("VALIGN", (0, 0), (-1, -1), "TOP")])  # fmt: skip


def _grid(rows: list[list[Any]], widths: list[float]) -> Table:
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.9, _BAND), ("LINEBELOW", (0, 1), (-1, -1), 0.3, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 2.6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.8), ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )  # fmt: skip
    return table


def _heads(*names: str, numbers: tuple[int, ...] = ()) -> list[Paragraph]:
    bold = ParagraphStyle("th", parent=SMALL_TEXT, fontName="Helvetica-Bold")
    right = ParagraphStyle("thn", parent=bold, alignment=TA_RIGHT)
    return [text(name, right if i in numbers else bold) for i, name in enumerate(names)]


def _site_table(sites: list[dict[str, Any]]) -> Table:
    rows: list[list[Any]] = [
        _heads(_("No"), _("Street"), _("Kelurahan"), _("Cameras"), _("Gain"), _("Purchase"), _("A year"), _("Decision"), numbers=(0, 3, 4, 5, 6))
    ]  # fmt: skip
    for site in sites:
        decision = str(site["review_name"]) + (f": {site['reason']}" if site["reason"] else "")
        rows.append(
            [
                text(site["order"], NUMBER), text(site["street"] or _("unnamed street"), SMALL_TEXT),
                text(site["area_name"], SMALL_TEXT), text(len(site["cameras"]), NUMBER),
                text(whole(site["gain"]), NUMBER), text(whole(site["cost_idr"]), NUMBER),
                text(whole(site["yearly_cost_idr"]), NUMBER), text(decision[:300], SMALL_TEXT),
            ]
        )  # fmt: skip
    rest = _WIDTH - sum(parts := [8 * mm, 41 * mm, 27 * mm, 14 * mm, 17 * mm, 20 * mm, 19 * mm])
    return _grid(rows, [*parts, rest])


def _by_area(sites: list[dict[str, Any]]) -> list[Any]:
    """What each kelurahan gets."""
    found: dict[str, list[float]] = {}
    for site in sites:
        if site["standing"]:
            entry = found.setdefault(site["area_name"] or _("outside every area"), [0, 0, 0.0, 0])
            for i, amount in enumerate((1, len(site["cameras"]), site["gain"], site["cost_idr"])):
                entry[i] += amount
    rows: list[list[Any]] = [_heads(_("Kelurahan"), _("Sites"), _("Cameras"), _("Gain"), _("Purchase"), numbers=(1, 2, 3, 4))]  # fmt: skip
    for name, (count, cameras, gain, cost) in sorted(found.items(), key=lambda item: (-item[1][2], item[0])):  # fmt: skip
        rows.append([text(name, SMALL_TEXT), text(whole(count), NUMBER), text(whole(cameras), NUMBER), text(whole(gain), NUMBER), text(rupiah(int(cost)), NUMBER)])  # fmt: skip
    if len(rows) == 1:
        return []
    table = _grid(rows, [_WIDTH - 104 * mm, 18 * mm, 22 * mm, 26 * mm, 38 * mm])
    return [text(_("By kelurahan"), HEAD), table]


def _details(plan: Plan, sites: list[dict[str, Any]]) -> list[Any]:
    """One map for each kecamatan with sites in it, with every street and the views of the cameras."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for site in sites:
        groups.setdefault((site["area"] or "")[:8], []).append(site)
    named = dict(Area.objects.filter(level=Area.Level.DISTRICT).values_list("code", "name"))
    story: list[Any] = []
    for code in sorted(groups):
        mine = groups[code]
        box = bounds_of_points([(site["lon"], site["lat"]) for site in mine])
        if box is None or len(sites) < 2:
            continue
        bounds = fitted(padded(box, 0.08, 0.0015), width=_WIDTH, height=108 * mm)
        sheet = MapSheet(
            width=_WIDTH, height=108 * mm, bounds=bounds,
            outlines=outlines_in(bounds, levels=("kecamatan", "kelurahan"), tolerance_deg=0.00003),
            streets=streets_in(bounds, most_rank=SMALL, tolerance_deg=0.00001),
            marks=_marks(mine), north=pgettext("compass", "N"), names_of="kelurahan",
            forbidden=_forbidden(plan), badge_pt=5.4,
        )  # fmt: skip
        name = named.get(code) or _("other places")
        story.append(
            KeepTogether([text(_("{area}: {n} sites").format(area=name, n=len(mine)), HEAD), sheet])
        )
    return story


def _method(plan: Plan, figures: dict[str, Any]) -> list[Any]:
    """How it was found, what is proven, what is assumed: in plain words."""
    return [
        text(_("How this plan was made, and how good it is"), HEAD),
        *(text(line) for line in method_lines(plan, figures)),
        text(_("What is assumed"), HEAD),
        *(Paragraph("• " + escape(page_text(line)), BODY) for line in assumed_lines(plan)),
    ]


def _turned(plan: Plan) -> list[Any]:
    """Existing cameras that are to hang otherwise, before a pole is bought."""
    cameras = [row for row in turn_rows(plan) if row["standing"]]
    if not cameras:
        return []
    rows: list[list[Any]] = [_heads(_("Camera"), _("Heading now"), _("New heading"), _("New model"), _("Gain"), _("Purchase"), numbers=(1, 2, 4, 5))]  # fmt: skip
    for row in cameras:
        rows.append(
            [
                text(row["code"], SMALL_TEXT), text(f"{row['from_heading_deg']:.0f}°", NUMBER),
                text(f"{row['heading_deg']:.0f}°", NUMBER), text(row["model"] or _("stays"), SMALL_TEXT),
                text(whole(row["gain"]), NUMBER), text(rupiah(row["cost_idr"]), NUMBER),
            ]
        )  # fmt: skip
    table = _grid(rows, [_WIDTH - 128 * mm, 24 * mm, 24 * mm, 32 * mm, 20 * mm, 28 * mm])
    return [text(_("Cameras to turn"), HEAD), table]


def _history(plan: Plan) -> list[Any]:
    """Who decided what, when and why; comments stay in the system."""
    steps = plan.steps.exclude(kind__in=[StepKind.COMMENT, StepKind.ENDORSED]).select_related("site").order_by("id")  # fmt: skip
    rows: list[list[Any]] = [_heads(_("When"), _("Who"), _("What"), _("Reason"))]
    states = dict(Plan.State.choices)
    for step in steps[:400]:
        what = str(step.get_kind_display())
        if step.kind == StepKind.STATE:
            what = str(states.get(step.state_after, step.state_after))
        if step.site is not None:
            what = _("site {n}: {what}").format(n=step.site.order, what=what)
        elif "camera" in step.details:
            what = _("camera {code}: {what}").format(code=step.details["camera"], what=what)
        when = timezone.localtime(step.at).strftime("%d-%m-%Y %H:%M")
        rows.append([text(when, SMALL_TEXT), text(step.author_name, SMALL_TEXT), text(what, SMALL_TEXT), text(step.text[:600], SMALL_TEXT)])  # fmt: skip
    if len(rows) == 1:
        return []
    table = _grid(rows, [28 * mm, 34 * mm, 44 * mm, _WIDTH - 106 * mm])
    return [text(_("Steps so far"), HEAD), table]
