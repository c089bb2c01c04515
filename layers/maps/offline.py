"""A plan as one HTML file: folium's page with Leaflet, the data and the drawing inside, no request to anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import folium
import shapely
from branca.element import Figure, MacroElement
from django.contrib.staticfiles import finders
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from jinja2 import Template

from layers.coverage.plans.models import Plan
from layers.coverage.plans.selectors import plan_figures, plan_sites_of
from layers.coverage.plans.turns import turn_rows
from layers.coverage.plans.views import plan_views
from layers.errors import Unavailable
from layers.exporters.documents.ground import (
    SMALL,
    bounds_of_plan,
    outlines_in,
    streets_in,
)
from layers.exporters.documents.plan_words import at_most, rupiah, share, whole
from layers.maps.elements import script_json

#: Stands for the data until folium is done: what folium renders it reads again as a template, and
#: names must never be read so.
_DATA = "NCC_PLAN_DATA"


class OfflineMap(folium.Map):
    """folium's map without its hosts: the page's own script draws the data that stands in it."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <main><div id="map" role="application"></div><aside id="side"></aside></main>
        {% endmacro %}
        {% macro script(this, kwargs) %}nccDrawPlan(NCC_PLAN_DATA);{% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__(location=[0, 0], zoom_start=12, tiles=None)
        self.default_js: list[tuple[str, str]] = []
        self.default_css: list[tuple[str, str]] = []

    def render(self, **kwargs: Any) -> None:
        """Render as folium does, without the links and switches it writes."""
        MacroElement.render(self, **kwargs)


def plan_offline_map(plan: Plan) -> str:
    """The whole page, in the active language. Names are data, set as text; the policy forbids all requests."""
    figure: Figure = OfflineMap().get_root()
    page = re.sub(r"<meta[^>]*>", "", figure.render(), count=1)
    parts = [
        f"<style>{_asset(name)}</style>"
        for name in ("vendor/leaflet/leaflet.css", "layers/offline/plan_map.css")
    ] + [
        f"<script>{_asset(name)}</script>"
        for name in ("vendor/leaflet/leaflet.js", "layers/offline/plan_map.js")
    ]
    page = page.replace("</head>", "".join(parts) + "</head>", 1)
    page = page.replace(_DATA, script_json(_data(plan)), 1)
    head = (
        f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(page)}">'
        f"<title>{escape(str(plan))}</title>"
    )
    language = escape((get_language() or "id")[:2])
    return page.replace("<head>", head, 1).replace("<html>", f'<html lang="{language}">', 1)


def _policy(page: str) -> str:
    """Nothing may be fetched; only the scripts and styles that stand in the page may run."""
    scripts, styles = (
        " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        )
        for tag in ("script", "style")
    )
    return f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'"


def _asset(name: str) -> str:
    """A static file's text, without what points at other files."""
    found = finders.find(name)
    if not found:
        raise Unavailable(
            f"the front-end file {name} is missing",
            value=name,
            remedy="run bin/run once: it installs the npm packages",
        )
    text = Path(str(found)).read_text(encoding="utf-8")
    text = re.sub(r"url\([^)]*\)", "none", text) if name.endswith(".css") else text
    return re.sub(r"//# sourceMappingURL=.*", "", text)


def _data(plan: Plan) -> dict[str, Any]:
    sites = plan_sites_of(plan)
    figures = plan_figures(plan, sites)
    bounds = bounds_of_plan(plan)
    of_site: dict[int, list[Any]] = {}
    for view in plan_views(plan):
        of_site.setdefault(view["site"], []).append(_shape(view["region"], 6))
    facts = [
        (_("Sites"), whole(figures["standing"])), (_("Cameras"), whole(figures["cameras"])),
        (_("Purchase"), rupiah(figures["cost_idr"])), (_("A year"), rupiah(figures["yearly_cost_idr"])),
        (_("Demand seen before"), share(plan.covered_before, plan.demand)),
        (_("Demand seen after"), share(plan.covered_before + figures["gain"], plan.demand)),
        (_("Gain"), whole(figures["gain"])), (_("Proven upper bound"), whole(plan.bound)),
    ]  # fmt: skip
    return {
        "name": str(plan), "state": str(plan.get_state_display()),
        "made": timezone.localtime().strftime("%d-%m-%Y %H:%M"), "facts": facts, "bounds": bounds,
        "outlines": [
            {"name": one.name, "level": one.level, "shape": _shape(one.shape, 5)}
            for one in outlines_in(bounds, levels=("kecamatan", "kelurahan"), tolerance_deg=0.00005)
        ],
        "streets": [
            {"rank": one.rank, "shape": _shape(one.line, 5)}
            for one in streets_in(bounds, most_rank=SMALL, tolerance_deg=0.00002)
        ],
        "sites": [
            {
                "order": site["order"], "lon": site["lon"], "lat": site["lat"], "standing": site["standing"],
                "title": site["street"] or _("unnamed street"), "area": site["area_name"],
                "views": of_site.get(site["id"], []),
                "fields": [
                    [_("Kelurahan"), site["area_name"]], [_("Cameras"), whole(len(site["cameras"]))],
                    [_("Models"), ", ".join(f"{c['model']} ({c['heading_deg']:.0f}°)" for c in site["cameras"])],
                    [_("Gain"), whole(site["gain"])], [_("Purchase"), rupiah(site["cost_idr"])],
                    [_("A year"), rupiah(site["yearly_cost_idr"])], [_("Review"), str(site["review_name"])],
                    [_("Reason"), site["reason"]], [_("Proposed by"), str(site["source_name"])],
                ],
            }
            for site in sites
        ],
        "turned": [
            {
                "code": row["code"], "lon": row["lon"], "lat": row["lat"], "standing": row["standing"],
                "from": row["from_heading_deg"], "to": row["heading_deg"],
                "fields": [
                    [_("Heading now"), f"{row['from_heading_deg']:.0f}°"], [_("New heading"), f"{row['heading_deg']:.0f}°"],
                    [_("New model"), row["model"] or ""], [_("Gain"), whole(row["gain"])],
                    [_("Purchase"), rupiah(row["cost_idr"])], [_("Review"), row["review_name"]], [_("Reason"), row["reason"]],
                ],
            }
            for row in turn_rows(plan)
        ],
        "words": {
            "sites": _("Sites"), "turned": _("Cameras to turn"), "gain": _("Gain"), "offline": _("This map works without a network; its data are inside."),
            "assumed": _("Ground taken as flat, trees not known."), "made": _("made {time}"),
            "out": _("refused or taken out (crossed)"), "back": _("All sites"),
            "gap": _("at most {gap} below the best plan").format(gap=at_most(plan.gap)),
        },
    }  # fmt: skip


def _shape(shape: Any, places: int) -> list[Any]:
    """Rings or lines as lists of [lat, lon], as Leaflet takes them; empty parts left out."""
    lines: list[Any] = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            lines.append([_pairs(ring, places) for ring in (part.exterior, *part.interiors)])
        elif part.geom_type == "LineString":
            lines.append(_pairs(part, places))
    return lines


def _pairs(line: Any, places: int) -> list[list[float]]:
    return [[round(lat, places), round(lon, places)] for lon, lat in shapely.get_coordinates(line).tolist()]  # fmt: skip
