"""The paper of every printed document: A4, one type, head and foot on each page, plain tables."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.utils.html import escape
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

#: Type that comes with the library and is embedded, so that a print in ten years looks the same.
REGULAR, BOLD = "Vera", "VeraBd"
INK = colors.HexColor("#16202a")
QUIET = colors.HexColor("#5b6a77")
LINE = colors.HexColor("#c4ced6")
BAND = colors.HexColor("#eef2f4")
ACCENT = colors.HexColor("#0a7468")
MARGIN_MM = 18

TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=17, leading=22, textColor=INK, spaceAfter=4)
LEAD = ParagraphStyle("lead", fontName=REGULAR, fontSize=9.5, leading=13, textColor=QUIET, spaceAfter=8)  # fmt: skip
HEADING = ParagraphStyle("heading", fontName=BOLD, fontSize=11.5, leading=15, textColor=INK, spaceBefore=12, spaceAfter=5, keepWithNext=1)  # fmt: skip
BODY = ParagraphStyle(
    "body", fontName=REGULAR, fontSize=9, leading=12.5, textColor=INK, spaceAfter=4
)
SMALL = ParagraphStyle("small", fontName=REGULAR, fontSize=7.5, leading=10, textColor=QUIET)
CELL = ParagraphStyle("cell", fontName=REGULAR, fontSize=8, leading=10.5, textColor=INK)
CELL_RIGHT = ParagraphStyle("cell-right", parent=CELL, alignment=2)
CELL_HEAD = ParagraphStyle("cell-head", fontName=BOLD, fontSize=7.5, leading=10, textColor=INK)
CELL_HEAD_RIGHT = ParagraphStyle("cell-head-right", parent=CELL_HEAD, alignment=2)


def _fonts() -> None:
    if REGULAR not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(REGULAR, "Vera.ttf"))
        pdfmetrics.registerFont(TTFont(BOLD, "VeraBd.ttf"))


def text(words: Any, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of text that people typed: marks in it are text, never markup."""
    _fonts()
    return Paragraph(str(escape("" if words is None else words)), style)


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    widths_mm: Sequence[float],
    numbers: Sequence[int] = (),
) -> Table:
    """A table whose head is repeated on every page; `numbers` are the columns set to the right.

    Cells are text, or flowables left as they are.
    """
    right = set(numbers)

    def cell(value: Any, column: int, *, head: bool) -> Any:
        if isinstance(value, Flowable):
            return value
        if head:
            return text(value, CELL_HEAD_RIGHT if column in right else CELL_HEAD)
        return text(value, CELL_RIGHT if column in right else CELL)

    cells = [[cell(value, column, head=True) for column, value in enumerate(heads)]]
    cells += [[cell(value, column, head=False) for column, value in enumerate(row)] for row in rows]
    made = Table(cells, colWidths=[width * mm for width in widths_mm], repeatRows=1)
    made.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), BAND),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )
    return made


def document_pdf(
    story: Sequence[Flowable], *, title: str, foot: str, wide: bool = False, author: str = "NCC Geo"
) -> bytes:
    """The PDF of a story: title in its metadata, `foot` and the page number on each page."""
    _fonts()
    size = landscape(A4) if wide else A4
    out = BytesIO()

    def page(canvas: Canvas, made: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(QUIET)
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN_MM * mm, 14 * mm, size[0] - MARGIN_MM * mm, 14 * mm)
        canvas.drawString(MARGIN_MM * mm, 10 * mm, foot)
        number = _("page %(n)s") % {"n": made.page}
        canvas.drawRightString(size[0] - MARGIN_MM * mm, 10 * mm, number)
        canvas.restoreState()

    made = BaseDocTemplate(
        out, pagesize=size, title=title, author=author, leftMargin=MARGIN_MM * mm,
        rightMargin=MARGIN_MM * mm, topMargin=16 * mm, bottomMargin=18 * mm,
    )  # fmt: skip
    frame = Frame(
        made.leftMargin, made.bottomMargin, size[0] - 2 * MARGIN_MM * mm, size[1] - 34 * mm,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    made.addPageTemplates([PageTemplate(frames=[frame], onPage=page)])
    made.build(list(story))
    return out.getvalue()
