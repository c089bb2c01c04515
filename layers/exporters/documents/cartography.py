"""A map drawn as vectors on a printed page: outlines, streets, numbered sites, scale and north."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from layers.exporters.documents.ground import SMALL, Bounds, Outline, Street

_METRES_PER_DEG = 111_320.0
#: Most rounds in which badges push one another apart.
_ROUNDS = 600
_INK = HexColor("#16202a")
_LAND = HexColor("#f7f8f6")
_STREET_WIDTH_PT = {0: 1.8, 1: 1.5, 2: 1.15, 3: 0.8, SMALL: 0.4}
_STREET_INK = {0: HexColor("#c98a2b"), 1: HexColor("#d8a24a"), 2: HexColor("#b9b3a6"), 3: HexColor("#c9c5bb"), SMALL: HexColor("#d9d7d0")}  # fmt: skip
_BOUNDARY = HexColor("#7d8b97")
#: Colour and shape say the same: a refused site is also crossed out.
SITE_INK = {
    "standing": HexColor("#0a7468"),
    "moved": HexColor("#1d55b5"),
    "out": HexColor("#b3261e"),
}


def page_text(value: Any) -> str:
    """Text as the standard fonts can print it: Western letters, no control characters."""
    kept = "".join(c if c.isprintable() else " " for c in str(value))
    return kept.encode("cp1252", errors="replace").decode("cp1252")


@dataclass(frozen=True)
class Mark:
    """A numbered site; `kind` is a key of `SITE_INK`, `views` are (heading, field of view) in degrees."""

    number: int
    lon: float
    lat: float
    kind: str = "standing"
    views: tuple[tuple[float, float], ...] = ()
    moved_from: tuple[float, float] | None = None


@dataclass
class MapSheet(Flowable):
    """One map of a width and height in points. North is up; degrees are scaled at the map's middle."""

    width: float
    height: float
    bounds: Bounds
    outlines: list[Outline]
    streets: list[Street]
    marks: list[Mark]
    north: str
    names_of: str = "kecamatan"
    forbidden: list[Any] = field(default_factory=list)
    badge_pt: float = 5.2

    def __post_init__(self) -> None:
        width, height = self.width, self.height
        Flowable.__init__(self)  # sets both to 0
        self.width, self.height = width, height
        west, south, east, north = self.bounds
        self._squeeze = math.cos(math.radians((south + north) / 2))
        span_x, span_y = (east - west) * self._squeeze, north - south
        self._scale = min(self.width / span_x, self.height / span_y)
        self._x0 = (self.width - span_x * self._scale) / 2
        self._y0 = (self.height - span_y * self._scale) / 2

    def wrap(self, *_available: float) -> tuple[float, float]:
        """The size reportlab reserves."""
        return self.width, self.height

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Points on the page of a place in degrees."""
        west, south, _east, _north = self.bounds
        return (
            self._x0 + (lon - west) * self._squeeze * self._scale,
            self._y0 + (lat - south) * self._scale,
        )

    def draw(self) -> None:
        """Draw everything, the sites last."""
        page = self.canv
        page.saveState()
        frame = page.beginPath()
        frame.rect(0, 0, self.width, self.height)
        page.clipPath(frame, stroke=0, fill=0)
        page.setFillColor(_LAND)
        page.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        page.setLineCap(1)
        page.setLineJoin(1)
        for street in self.streets:
            page.setStrokeColor(_STREET_INK[street.rank])
            page.setLineWidth(_STREET_WIDTH_PT[street.rank])
            self._lines(street.line)
        for shape in self.forbidden:
            page.setFillColor(Color(0.7, 0.15, 0.12, alpha=0.12))
            page.setStrokeColor(SITE_INK["out"])
            page.setLineWidth(0.6)
            self._rings(shape, fill=1)
        for outline in sorted(self.outlines, key=lambda one: one.level == "kecamatan"):
            big = outline.level == "kecamatan"
            page.setStrokeColor(_BOUNDARY)
            page.setLineWidth(1.1 if big else 0.45)
            page.setDash([] if big else [2, 1.6])
            self._rings(outline.shape, fill=0)
        page.setDash([])
        self._names()
        self._sites()
        page.restoreState()
        page.setStrokeColor(_BOUNDARY)
        page.setLineWidth(0.8)
        page.rect(0, 0, self.width, self.height, stroke=1, fill=0)
        self._furniture()

    def _lines(self, shape: Any) -> None:
        path = self.canv.beginPath()
        for part in shapely.get_parts(shape):
            corners = [self.xy(*pair) for pair in shapely.get_coordinates(part)]
            if len(corners) > 1:
                path.moveTo(*corners[0])
                for corner in corners[1:]:
                    path.lineTo(*corner)
        self.canv.drawPath(path, stroke=1, fill=0)

    def _rings(self, shape: Any, *, fill: int) -> None:
        path = self.canv.beginPath()
        for part in shapely.get_parts(shape):
            if part.geom_type != "Polygon":
                continue
            for ring in (part.exterior, *part.interiors):
                corners = [self.xy(*pair) for pair in shapely.get_coordinates(ring)]
                path.moveTo(*corners[0])
                for corner in corners[1:]:
                    path.lineTo(*corner)
                path.close()
        self.canv.drawPath(path, stroke=1, fill=fill)

    def _names(self) -> None:
        page = self.canv
        for outline in self.outlines:
            if outline.level != self.names_of:
                continue
            big = self.names_of == "kecamatan"
            size = 10 if big else 6.5
            spot = shapely.point_on_surface(outline.shape)
            if spot.is_empty:
                continue
            x, y = self.xy(spot.x, spot.y)
            text = page_text(outline.name.upper() if big else outline.name)
            page.setFont("Helvetica-Bold" if big else "Helvetica-Oblique", size)
            page.setFillColor(Color(0.3, 0.36, 0.42, alpha=0.55))
            half = stringWidth(text, page._fontname, size) / 2
            page.drawString(min(max(x - half, 3), self.width - 2 * half - 3), y, text)

    def _sites(self) -> None:
        page = self.canv
        spots = np.array([self.xy(mark.lon, mark.lat) for mark in self.marks]).reshape(-1, 2)
        badges = spread(spots, 2 * self.badge_pt + 0.8, self.width, self.height)
        for mark, spot in zip(self.marks, spots, strict=True):
            page.setFillColor(Color(*SITE_INK[mark.kind].rgb(), alpha=0.16))
            reach = max(60.0 / _METRES_PER_DEG * self._scale, self.badge_pt + 5)
            for heading, fov in mark.views if mark.kind != "out" else ():
                start = 90.0 - heading - fov / 2
                page.wedge(
                    spot[0] - reach, spot[1] - reach, spot[0] + reach, spot[1] + reach, start, fov,
                    stroke=0, fill=1,
                )  # fmt: skip
            if mark.moved_from is not None:
                page.setStrokeColor(SITE_INK[mark.kind])
                page.setLineWidth(0.7)
                page.setDash([1.5, 1.5])
                page.line(*self.xy(*mark.moved_from), *spot)
                page.setDash([])
        for mark, spot, badge in zip(self.marks, spots, badges, strict=True):
            ink = SITE_INK[mark.kind]
            page.setStrokeColor(ink)
            page.setFillColor(ink)
            if math.hypot(*(badge - spot)) > 1.0:
                page.setLineWidth(0.6)
                page.line(*spot, *badge)
                page.circle(*spot, 1.1, stroke=0, fill=1)
        for mark, badge in zip(self.marks, badges, strict=True):
            ink = SITE_INK[mark.kind]
            out = mark.kind == "out"
            page.setStrokeColor(ink if out else HexColor("#ffffff"))
            page.setFillColor(HexColor("#ffffff") if out else ink)
            page.setLineWidth(0.7)
            page.circle(*badge, self.badge_pt, stroke=1, fill=1)
            text = str(mark.number)
            size = self.badge_pt * (1.35 if len(text) < 2 else 1.2 if len(text) == 2 else 0.95)
            page.setFont("Helvetica-Bold", size)
            page.setFillColor(ink if out else HexColor("#ffffff"))
            page.drawCentredString(badge[0], badge[1] - size * 0.36, text)
            if out:
                arm = self.badge_pt * 0.72
                page.line(badge[0] - arm, badge[1] - arm, badge[0] + arm, badge[1] + arm)

    def _furniture(self) -> None:
        """Scale bar and north arrow, on a light ground."""
        page = self.canv
        metre = self._scale / _METRES_PER_DEG
        wanted = self.width * 0.22 / metre
        power = 10 ** math.floor(math.log10(wanted))
        length_m = max(step * power for step in (1, 2, 5) if step * power <= wanted)
        bar = length_m * metre
        page.setFillColor(Color(1, 1, 1, alpha=0.85))
        page.rect(6, 6, bar + 16, 20, stroke=0, fill=1)
        page.setStrokeColor(_INK)
        page.setFillColor(_INK)
        page.setLineWidth(1)
        page.line(12, 12, 12 + bar, 12)
        for x in (12, 12 + bar):
            page.line(x, 12, x, 15)
        text = (
            f"{length_m / 1000:g} km".replace(".", ",") if length_m >= 1000 else f"{length_m:g} m"
        )
        page.setFont("Helvetica", 7)
        page.drawCentredString(12 + bar / 2, 16, text)
        x, y = self.width - 17, self.height - 32
        page.setFillColor(Color(1, 1, 1, alpha=0.85))
        page.rect(x - 10, y - 5, 20, 32, stroke=0, fill=1)
        page.setFillColor(_INK)
        arrow = page.beginPath()
        arrow.moveTo(x, y + 15)
        arrow.lineTo(x - 5, y)
        arrow.lineTo(x, y + 4)
        arrow.lineTo(x + 5, y)
        arrow.close()
        page.drawPath(arrow, stroke=0, fill=1)
        page.setFont("Helvetica-Bold", 8)
        page.drawCentredString(x, y + 17.5, self.north)


def spread(spots: Any, apart_pt: float, width: float, height: float) -> Any:
    """Where badges go so that none covers another: pushed apart from their spots, a little at a time.

    Each pair nearer than `apart_pt` moves apart by half of what is missing, `_ROUNDS` rounds at most; badges
    stay on the sheet. Two on the very same spot part along the line of their numbers.
    """
    places = np.array(spots, dtype=np.float64).reshape(-1, 2).copy()
    for _ in range(_ROUNDS):
        offset = places[:, None, :] - places[None, :, :]
        distance = np.hypot(offset[..., 0], offset[..., 1])
        np.fill_diagonal(distance, np.inf)
        near = np.argwhere(np.triu(distance < apart_pt - 0.05))
        if not len(near):
            break
        for i, j in near.tolist():
            gap = places[i] - places[j]
            length = float(np.hypot(*gap))
            way = gap / length if length > 1e-9 else np.array([math.cos(i), math.sin(i)])
            push = max(0.0, apart_pt - length) * 0.6
            places[i] += way * push
            places[j] -= way * push
        edge = apart_pt / 2
        np.clip(places[:, 0], edge, max(edge, width - edge), out=places[:, 0])
        np.clip(places[:, 1], edge, max(edge, height - edge), out=places[:, 1])
    return places
