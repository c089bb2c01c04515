"""How far one gets by road in time, as GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import shapely
from django.utils.translation import gettext as _

from layers.assets.models import StationKind
from layers.dispatch.fleet import AgencyRules
from layers.errors import InvalidInput, NotFound
from layers.network.asking import SLOW_LIMIT_S, router_ask
from layers.network.isochrones import isochrones
from layers.places.models import Agency

MOST_RINGS = 12


def isochrone_features(
    lon: float,
    lat: float,
    *,
    minutes: Sequence[float],
    kind: str | None = None,
    agency: str | None = None,
    build: bool = False,
) -> dict[str, Any]:
    """FeatureCollection with one (Multi)Polygon for each of the minutes, in their order, nested.

    `street_m` counts the reached road metres exactly; the polygon is the picture. `kind`: drive as
    that kind of unit does, by the rules of `agency` (its code) where one is named. Raises
    `Unroutable` where no road is near, `Unavailable` without a graph.
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(
            _("longitude {lon}, latitude {lat} is out of range").format(lon=lon, lat=lat), value=(lon, lat), remedy=_("give degrees in WGS 84, longitude first")
        )  # fmt: skip
    if not 1 <= len(minutes) <= MOST_RINGS:
        raise InvalidInput(
            _("{n} times asked for").format(n=len(minutes)),
            value=len(minutes),
            remedy=_("ask for 1 to {most}").format(most=MOST_RINGS),
        )
    if kind is not None and kind not in StationKind.values:
        raise InvalidInput(
            _("no kind of unit {kind}").format(kind=kind),
            value=kind,
            remedy=_("choose one of {list}").format(list=", ".join(StationKind.values)),
        )
    agency_id = None
    if agency is not None:
        agency_id = Agency.objects.filter(code=agency).values_list("pk", flat=True).first()
        if agency_id is None:
            raise NotFound(
                _("there is no agency {agency}").format(agency=agency),
                remedy=_("give the agency's code"),
            )
    costing = AgencyRules().costing(agency_id, kind or "")
    found, current = router_ask(
        (lon, lat),
        lambda router, closed: isochrones(
            router, [(lon, lat)], list(minutes), costing=costing, closed=closed
        ),
        limit_s=SLOW_LIMIT_S,
        build=build,
    )
    return {
        "type": "FeatureCollection",
        "driving": {"agency": agency, "kind": kind, "against_oneway": costing.against_oneway},
        "graph_current": current,
        "features": [
            {
                "type": "Feature",
                "properties": {"minutes": item.minutes, "street_m": round(item.street_m, 1)},
                "geometry": shapely.geometry.mapping(item.polygon),
            }
            for item in found
        ],
    }
